package diffsvc.evaluate;

import diffsvc.conds.F0Table;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * One output, and what it may be compared with.
 *
 * @param output what is judged
 * @param source the song that was converted, on the same clock; null where unknown
 * @param key semitones by which the output should lie above the source and the score
 * @param target recordings of the voice it should sound like; null where unknown
 * @param lyrics the words that are sung; empty where unknown
 * @param score the melody that should be sung, time 0 at the output's; null where unknown
 * @param joins where the output was put together from slices, seconds; empty where unknown
 */
public record Subject(
        Sound output, Sound source, double key, Target target, String lyrics, F0Table score, List<Double> joins) {
    public Subject {
        lyrics = lyrics == null ? "" : lyrics;
        joins = List.copyOf(joins);
    }

    /** An output without anything beside it. */
    public static Subject of(Sound output) {
        return new Subject(output, null, 0, null, "", null, List.of());
    }

    /** Compares with the song that was converted. */
    public Subject against(Sound song, double semitones) {
        return new Subject(output, song, semitones, target, lyrics, score, joins);
    }

    /** Compares with recordings of a voice. */
    public Subject towards(Target voice) {
        return new Subject(output, source, key, voice, lyrics, score, joins);
    }

    /** Compares with these words. */
    public Subject singing(String words) {
        return new Subject(output, source, key, target, words, score, joins);
    }

    /** Compares with this melody. */
    public Subject scored(F0Table melody) {
        return new Subject(output, source, key, target, lyrics, melody, joins);
    }

    /** The same comparisons for another output. */
    public Subject output(Sound other) {
        return new Subject(other, source, key, target, lyrics, score, List.of());
    }

    /** Names the places where the output was put together from slices, in seconds. */
    public Subject joinedAt(List<Double> seconds) {
        return new Subject(output, source, key, target, lyrics, score, seconds);
    }

    /**
     * A phrase of output and source; lyrics and score are of the whole and stay away.
     *
     * @param start seconds, 0 to below the output's length
     */
    public Subject part(double start, double end) {
        Sound song = source == null || start >= source.seconds() ? null : source.part(start, end);
        List<Double> inside = joins.stream()
                .filter(s -> s >= start && s < end)
                .map(s -> s - start)
                .toList();
        return new Subject(output.part(start, end), song, key, target, "", null, inside);
    }

    /**
     * The song itself, or its copy synthesis, beside the song in its own key. A score belongs to the output's key, so
     * it counts only where the two are the same.
     */
    Subject songItself(Sound sound) {
        return new Subject(sound, source, 0, target, lyrics, key == 0 ? score : null, List.of());
    }

    /** What it holds beside the output. */
    public Set<Need> has() {
        Set<Need> has = EnumSet.noneOf(Need.class);
        Optional.ofNullable(source).ifPresent(s -> has.add(Need.SOURCE));
        Optional.ofNullable(target).ifPresent(t -> has.add(Need.TARGET));
        Optional.ofNullable(score).ifPresent(s -> has.add(Need.SCORE));
        if (!lyrics.isBlank()) {
            has.add(Need.LYRICS);
        }
        return has;
    }

    /** "third up: 5.00 s, 44100 Hz, peak 0.56; against song 1, key +4; towards demo", as far as it holds these. */
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>(List.of(output.toString()));
        if (source != null) {
            parts.add(String.format(Locale.ROOT, "against %s, key %+.1f", source.name(), key));
        }
        if (target != null) {
            parts.add("towards " + target.name());
        }
        if (!lyrics.isBlank()) {
            parts.add(lyrics.strip().split("\\s+").length + " words of lyrics");
        }
        if (score != null) {
            parts.add("a melody");
        }
        if (!joins.isEmpty()) {
            parts.add(joins.size() + " joins");
        }
        return String.join("; ", parts);
    }
}
