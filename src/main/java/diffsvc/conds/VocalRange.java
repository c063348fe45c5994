package diffsvc.conds;

import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import java.util.ArrayList;
import java.util.List;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.Table;

/**
 * The F0 of a song against the F0 a voice was trained on: how much of the song lies outside the training's range.
 *
 * @param songHz median of the song's voiced frames, Hz; 0 without a voiced frame
 * @param trainedHz median of the training's voiced frames, Hz; 0 where the hparams hold no statistics
 * @param key semitones by which the song is shifted
 * @param outside share of the song's voiced frames that lie, shifted, in a semitone that training hardly contained, 0
 *     to 1
 * @param firstHz lower edge of the first semitone of the shares, Hz
 * @param song share of the song's voiced frames in each semitone, shifted
 * @param trained share of the training's voiced frames in each semitone
 */
public record VocalRange(
        double songHz,
        double trainedHz,
        double key,
        double outside,
        double firstHz,
        List<Double> song,
        List<Double> trained) {
    /** A semitone with a smaller share of the training counts as not contained. */
    private static final double HELD = 1e-3;

    /**
     * Compares the F0 of a song, shifted by {@code key} semitones, with a voice's statistics (preprocessing writes them
     * into its hparams).
     */
    public static VocalRange of(F0Track f0, Hparams hparams, double key) {
        float[] voiced = f0.voicedHz();
        Hparams.Range range = hparams.range();
        double first = hparams.pitch().f0MinHz();
        int n = range.semitones().size();
        double[] shares = new double[n];
        int outside = 0;
        for (float hz : voiced) {
            int bin = (int) Math.floor(semitones(hz, first) + key);
            boolean inside = bin >= 0 && bin < n;
            if (inside) {
                shares[bin] += 1.0 / voiced.length;
            }
            outside += inside && range.semitones().get(bin) >= HELD ? 0 : 1;
        }
        List<Double> song = new ArrayList<>();
        for (double s : shares) {
            song.add(s);
        }
        return new VocalRange(
                f0.medianHz(),
                range.medianHz(),
                key,
                voiced.length == 0 || n == 0 ? 0 : outside / (double) voiced.length,
                first,
                song,
                range.semitones());
    }

    /**
     * Whole semitones that bring the song's median nearest to the training's; 0 for a song without a voiced frame.
     *
     * @throws Problem when the voice's hparams hold no statistics
     */
    public static double suggestedKey(F0Track f0, Hparams hparams) {
        double trained = hparams.range().medianHz();
        if (trained <= 0) {
            throw Problem.in(
                    "pitch",
                    "the F0 statistics of " + hparams.project()
                            + " in its hparams (range.median_hz) for an automatic key",
                    "none",
                    "make the dataset with ./diffsvc preprocess, or give --key");
        }
        double median = f0.medianHz();
        return median == 0 ? 0 : Math.rint(semitones(trained, median));
    }

    /** Semitones from {@code fromHz} up to {@code hz}; below 0 where {@code hz} is the lower one. */
    public static double semitones(double hz, double fromHz) {
        return 12 * Math.log(hz / fromHz) / Math.log(2);
    }

    /** Whether the voice's hparams hold statistics to compare with. */
    public boolean known() {
        return trainedHz > 0 && !trained.isEmpty();
    }

    /** A table with one row for each semitone that song or training contains: from_hz, song, trained. */
    public Table table() {
        Table table = Table.create(
                "range", DoubleColumn.create("from_hz"), DoubleColumn.create("song"), DoubleColumn.create("trained"));
        for (int i = 0; i < trained.size(); i++) {
            if (song.get(i) > 0 || trained.get(i) > 0) {
                table.doubleColumn(0).append(Math.round(firstHz * Math.pow(2, i / 12.0) * 10) / 10.0);
                table.doubleColumn(1).append(Math.round(song.get(i) * 1e4) / 1e4);
                table.doubleColumn(2).append(Math.round(trained.get(i) * 1e4) / 1e4);
            }
        }
        return table;
    }
}
