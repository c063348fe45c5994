package diffsvc.evaluate.content;

import java.util.List;

/**
 * What a recognizer hears.
 *
 * @param text all of it, as the recognizer writes it; empty where it hears no words
 * @param segments the same in parts, in their order
 * @param by model and versions: the numbers of two recognizers are not comparable
 */
public record Transcript(String text, List<Segment> segments, String by) {
    /** No words. */
    public static final Transcript EMPTY = new Transcript("", List.of(), "");

    public Transcript {
        segments = List.copyOf(segments);
    }

    /**
     * A part of a transcript.
     *
     * @param start seconds
     * @param end seconds
     */
    public record Segment(double start, double end, String text) {}
}
