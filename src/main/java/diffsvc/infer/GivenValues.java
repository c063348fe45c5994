package diffsvc.infer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Recording;
import diffsvc.check.Problem;
import diffsvc.conds.F0Table;
import diffsvc.conds.hubert.UnitsFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Values of a whole song that a person gives as files, checked against the song they are for. */
final class GivenValues {
    private static final int FEWEST_UNITS_PER_SECOND = 5, MOST_UNITS_PER_SECOND = 500;
    private static final double MUCH_UNLIKE = 0.05, MUCH_UNCOVERED = 0.1;

    private GivenValues() {}

    /**
     * Reads a table of F0. A table that lies wholly outside the song belongs to another song and is refused; one that
     * covers part of it leaves the rest unvoiced, with a warning.
     */
    static F0Table f0(Path file, Recording song, List<String> warnings) {
        F0Table table = F0Table.read(file);
        double first = table.seconds()[0],
                last = table.seconds()[table.rows() - 1],
                end = song.seconds(),
                covered = Math.min(end, last) - Math.max(0, first);
        if (last < 0 || first > end) {
            throw Problem.in(
                    "pitch",
                    file,
                    String.format(Locale.ROOT, "rows between 0 and %.2f s, the song's end", end),
                    String.format(Locale.ROOT, "%.2f to %.2f s", first, last),
                    "give the curve of this song");
        }
        if (covered < (1 - MUCH_UNCOVERED) * end) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "the F0 table covers %.2f of %.2f s; outside it nothing is voiced",
                    Math.max(0, covered),
                    end));
        }
        return table;
    }

    /**
     * Reads units; their number per second shows whether they belong to the song.
     *
     * @param unitsPerSecond of the voice's own encoder
     */
    static NDArray units(NDManager own, Path file, Recording song, double unitsPerSecond, List<String> warnings) {
        NDArray units = UnitsFile.read(own, file);
        double seconds = song.seconds(), rate = units.getShape().get(1) / seconds;
        if (rate < FEWEST_UNITS_PER_SECOND || rate > MOST_UNITS_PER_SECOND) {
            throw Problem.in(
                    "content",
                    file,
                    String.format(
                            Locale.ROOT,
                            "%d to %d units per second, so %.0f to %.0f rows for %.2f s",
                            FEWEST_UNITS_PER_SECOND,
                            MOST_UNITS_PER_SECOND,
                            Math.ceil(FEWEST_UNITS_PER_SECOND * seconds),
                            Math.floor(MOST_UNITS_PER_SECOND * seconds),
                            seconds),
                    units.getShape().get(1) + " rows",
                    "give the units of this song");
        }
        if (Math.abs(rate / unitsPerSecond - 1) > MUCH_UNLIKE
                && Math.abs(units.getShape().get(1) - unitsPerSecond * seconds) > 2) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "the given units are %.1f a second, the voice's own encoder makes %.0f; they are stretched over the song",
                    rate,
                    unitsPerSecond));
        }
        return units;
    }

    /** The rows of a whole song's units that belong to a slice. */
    static NDArray unitsOf(Slice p, NDArray units, Recording song) {
        if (p.reach() == song.samples()) {
            return units.duplicate();
        }
        long rows = units.getShape().get(1),
                from = Math.min(rows - 1, Math.round(p.from() * (double) rows / song.samples()));
        long to = Math.max(from + 1, Math.min(rows, Math.round(p.to() * (double) rows / song.samples())));
        return units.get(":, " + from + ":" + to + ", :").duplicate();
    }
}
