package diffsvc.conds;

import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import java.util.ArrayList;
import java.util.List;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.Table;

/**
 * The F0 of a song against the F0 a voice was trained on: how much of the song lies where the voice has learnt nothing.
 *
 * @param songHz median of the song's voiced frames, 0 where none is
 * @param trainedHz median of the training's, 0 where nobody counted
 * @param key semitones the song is shifted by
 * @param outside share of the song's voiced frames that lie, shifted, in a semitone the training hardly held
 * @param firstHz where the first semitone of the shares begins
 * @param song share of the song's voiced frames in each semitone, shifted
 * @param trained the training's
 */
public record VocalRange(
        double songHz,
        double trainedHz,
        double key,
        double outside,
        double firstHz,
        List<Double> song,
        List<Double> trained) {
    /** A semitone with less of the training than this counts as not held. */
    private static final double HELD = 1e-3;

    /**
     * Compares the F0 of a song, shifted by {@code key} semitones, with a voice's statistics (preprocessing writes them
     * into its hparams).
     *
     * @param key semitones
     * @return shares and what lies outside
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
     * Whole semitones that bring the song's median nearest to the training's; 0 for a song without a voice.
     *
     * @return semitones
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

    /**
     * Semitones from one frequency up to another.
     *
     * @param hz upper frequency
     * @param fromHz lower frequency
     * @return below 0 where the first is lower
     */
    public static double semitones(double hz, double fromHz) {
        return 12 * Math.log(hz / fromHz) / Math.log(2);
    }

    /**
     * Whether there is anything to compare with.
     *
     * @return false for a voice without statistics
     */
    public boolean known() {
        return trainedHz > 0 && !trained.isEmpty();
    }

    /**
     * A row a semitone that either of them holds.
     *
     * @return from_hz, song, trained
     */
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
