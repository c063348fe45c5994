package diffsvc.evaluate;

import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/**
 * One number for ranking, 0 to 1: the geometric mean of four parts, each 0 to 1. A conversion that fails in one part
 * fails: the song passed through unchanged has part "voice" 0, noise has no melody, a mean mel has no words.
 *
 * @param parts those that could be measured
 */
public record Score(Map<Part, Double> parts) {
    /** What a conversion must keep or change. */
    public enum Part {
        /**
         * Where the output lies between the song's voice (0) and the target's (1): with similarity s to the target and
         * u to the song, and c between song and target, (s - u + 1 - c) / (2 - 2 c).
         */
        VOICE,
        /**
         * 1 minus the character error against the lyrics, or else against the song's transcript; without a recognizer
         * the share of frames that keep the song's phone.
         */
        WORDS,
        /** Raw pitch accuracy against the song's F0 with the key shift. */
        MELODY,
        /** The mean of DNSMOS and DistillMOS, or the one that is there, from 1 to 5 as 0 to 1. */
        SOUND;

        /** Its name in tables: lower case. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final double LEAST_MOS = 1, MOS_SPAN = 4, SAME_VOICE = 1e-3;

    public Score {
        parts = new EnumMap<>(parts);
    }

    /**
     * The parts of an output. A part counts where it can be measured on the song itself; an output without a value
     * there, a silent one for instance, has 0.
     *
     * @param source figures of the song itself, judged against itself; empty where unknown: then a part counts where
     *     the output has a value
     */
    static Score of(Collection<Figure> figures, Collection<Figure> source) {
        Map<Part, Double> parts = new EnumMap<>(Part.class);
        double between = value(source, "similarity");
        if (between < 1 - SAME_VOICE) {
            double along = (value(figures, "similarity") - value(figures, "similarity-source") + 1 - between)
                    / (2 - 2 * between);
            put(parts, Part.VOICE, along, 0);
        }
        for (String error : List.of("lyrics-cer", "cer")) {
            put(parts, Part.WORDS, 1 - value(figures, error), value(source, error));
        }
        put(parts, Part.WORDS, value(figures, "phone-match"), value(source, "phone-match"));
        put(parts, Part.MELODY, value(figures, "rpa"), value(source, "rpa"));
        put(parts, Part.SOUND, sound(figures), sound(source));
        return new Score(parts);
    }

    /** Keeps the first value of a part: {@code onSource} is NaN where nothing could be measured. */
    private static void put(Map<Part, Double> parts, Part part, double value, double onSource) {
        if (!Double.isNaN(onSource) || !Double.isNaN(value)) {
            parts.putIfAbsent(part, Double.isNaN(value) ? 0 : Math.max(0, Math.min(1, value)));
        }
    }

    private static double sound(Collection<Figure> figures) {
        return DoubleStream.of(value(figures, "distillmos"), value(figures, "dnsmos-ovr"))
                .filter(mos -> !Double.isNaN(mos))
                .map(mos -> (mos - LEAST_MOS) / MOS_SPAN)
                .average()
                .orElse(Double.NaN);
    }

    /** The geometric mean of all parts; NaN without a part. */
    public double value() {
        return value(parts.keySet());
    }

    /**
     * The geometric mean of some parts, so that outputs for which different parts could be measured compare by the same
     * ones; NaN for no part.
     */
    public double value(Collection<Part> over) {
        double product = 1;
        for (Part part : over) {
            product *= parts.getOrDefault(part, 0.0);
        }
        return over.isEmpty() ? Double.NaN : Math.pow(product, 1.0 / over.size());
    }

    /** "0.61: voice 0.72, words 0.41, melody 0.97, sound 0.48". */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.2f: ", value())
                + parts.entrySet().stream()
                        .map(e -> String.format(Locale.ROOT, "%s %.2f", e.getKey(), e.getValue()))
                        .collect(Collectors.joining(", "));
    }

    /** The value of a figure by name; NaN where it is not there. */
    static double value(Collection<Figure> figures, String name) {
        return figures.stream()
                .filter(f -> f.name().equals(name))
                .mapToDouble(Figure::value)
                .findFirst()
                .orElse(Double.NaN);
    }
}
