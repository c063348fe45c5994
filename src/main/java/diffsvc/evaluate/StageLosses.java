package diffsvc.evaluate;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.conds.F0Track;
import diffsvc.conds.PitchExtractor;
import diffsvc.conds.crepe.Crepe;
import diffsvc.conds.crepe.CrepePitch;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.PitchKind;
import diffsvc.infer.WholeSong;
import diffsvc.plot.Page;
import diffsvc.plot.TextTable;
import diffsvc.progress.Progress;
import diffsvc.voice.Conversion;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Voice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Which stage loses what. One stage after the other is replaced by something that is known to be better, and each
 * variant is judged; the difference between two variants is the loss of the stage between them.
 *
 * @param variants by name, in the order in which they were made
 * @param losses by stage, in the order of the data
 * @param notes what could not be made, and what it needs
 */
public record StageLosses(Map<Variant, List<Figure>> variants, List<Loss> losses, List<String> notes) {
    /** A way to make the output. */
    public enum Variant {
        /** The song itself. */
        SONG("the song itself"),
        /** Its own mel and F0 through the vocoder. */
        COPY("the song's own mel and F0 through the vocoder"),
        /** A recording of the target. */
        OWN("a recording of the target"),
        /** Its own mel and F0 through the vocoder. */
        OWN_COPY("that recording's own mel and F0 through the vocoder"),
        /** That recording converted: units of a speaker whom the denoiser was trained on. */
        OWN_CONVERTED("that recording, converted"),
        /** The units of that recording on the song's melody. */
        SWAPPED_UNITS("that recording's units on the song's melody"),
        /** The conversion with the F0 of another extractor. */
        GIVEN_F0("the song converted with the F0 of another extractor"),
        /** The conversion with more steps of the sampler. */
        FINER("the song converted with " + StageLosses.FINER_STEPS + " times the sampler's steps"),
        /** The conversion as usual. */
        CONVERSION("the song, converted");

        private final String text;

        Variant(String text) {
            this.text = text;
        }

        /** What it is, in words. */
        public String text() {
            return text;
        }
    }

    /**
     * What a stage loses.
     *
     * @param better the variant without the stage's loss
     * @param worse the variant with it
     * @param parts what is lost, by part; each part is 0 to 1, and a loss above 0 is a loss. A part that the two
     *     variants do not share is missing
     */
    public record Loss(String stage, Variant better, Variant worse, Map<Score.Part, Double> parts) {
        /** "vocoder: words 0.21, melody 0.02". */
        @Override
        public String toString() {
            return stage
                    + parts.entrySet().stream()
                            .map(e -> String.format(
                                    Locale.ROOT, "%s %.2f", e.getKey().name().toLowerCase(Locale.ROOT), e.getValue()))
                            .collect(Collectors.joining(", ", ": ", ""));
        }
    }

    static final int FINER_STEPS = 4;
    private static final double LONGEST_SECONDS = 20;
    private static final Set<JudgeKind> OF_WORDS = EnumSet.of(JudgeKind.WHISPER, JudgeKind.VOSK, JudgeKind.PHONES);

    /**
     * Makes and judges the variants of one song. Those with the target's recording need a target;
     * {@link Variant#GIVEN_F0} needs the weights of CREPE where the voice uses Praat.
     *
     * @param target null leaves out what needs it
     * @param progress {@code at("judging", ...)} after each variant
     */
    public static StageLosses of(Panel panel, Voice voice, Song song, Target target, Progress progress) {
        return new Work(panel, voice, song, target, progress).run();
    }

    /** One song on its way through the variants. */
    private static final class Work {
        private final Map<Variant, List<Figure>> figures = new EnumMap<>(Variant.class);
        private final Panel panel;
        private final Voice voice;
        private final Song song;
        private final Target target;
        private final Progress progress;
        private final double key;

        Work(Panel panel, Voice voice, Song song, Target target, Progress progress) {
            this.panel = panel;
            this.voice = voice;
            this.song = song;
            this.target = target;
            this.progress = progress;
            key = song.key(voice);
        }

        StageLosses run() {
            judged(Variant.SONG, song.sound().wave(), 0);
            judged(Variant.COPY, song.copy(voice).wave(), 0);
            List<String> notes = new ArrayList<>();
            if (target != null) {
                own();
            } else {
                notes.add("denoiser, melody and content encoder are not told apart without recordings of the target: "
                        + "--target");
            }
            try (NDManager scratch = voice.manager().newSubManager()) {
                another(scratch)
                        .ifPresent(extractor ->
                                judged(Variant.GIVEN_F0, song.convert(voice, c -> c.withF0(f0(extractor, c))), key));
            }
            int steps = voice.times().length - 1;
            Voice finer = voice.with(h ->
                    h.infer(i -> i.steps(Math.min((int) voice.samplingRange().top(), FINER_STEPS * steps))));
            judged(Variant.FINER, song.convert(finer, c -> c), key);
            judged(Variant.CONVERSION, song.convert(voice, c -> c), key);
            return new StageLosses(figures, losses(), notes);
        }

        private void judged(Variant variant, Wave output, double key) {
            judged(variant, panel.figures(song.subject(variant.text, output, key, target)));
        }

        private void judged(Variant variant, List<Figure> its) {
            figures.put(variant, its);
            progress.at("judging", figures.size(), target == null ? 5 : Variant.values().length);
        }

        /** The variants that need a recording of the target: as much of it as there is of the song. */
        private void own() {
            Sound recording = target.recordings().get(0);
            double seconds = Math.min(
                    LONGEST_SECONDS, Math.min(recording.seconds(), song.sound().seconds()));
            Song own = new Song(recording.part(0, seconds), "");
            Sound melody = song.sound().part(0, seconds);
            Function<Wave, Subject> subject = output -> own.subject("", output, 0, target);
            judged(Variant.OWN, panel.figures(subject.apply(own.sound().wave())));
            judged(Variant.OWN_COPY, panel.figures(subject.apply(own.copy(voice).wave())));
            judged(
                    Variant.OWN_CONVERTED,
                    panel.figures(
                            subject.apply(WholeSong.convert(voice, own.sound().wave(), c -> c.key(0)))));
            try (Conversion plain = voice.convert(melody.wave());
                    Conversion swapped = plain.withUnitsOf(own.sound().wave());
                    Conversion shifted = swapped.key(key)) {
                Wave output = shifted.wave();
                // the words are the recording's, the melody is the song's
                List<Figure> its = new ArrayList<>(panel.figures(subject.apply(output), OF_WORDS));
                its.addAll(panel.figures(
                        new Song(melody, "").subject("", output, key, target),
                        EnumSet.complementOf(EnumSet.copyOf(OF_WORDS))));
                judged(Variant.SWAPPED_UNITS, its);
            }
        }

        /** The extractor that the voice does not use; empty where its weights are not there. */
        private Optional<PitchExtractor> another(NDManager scratch) {
            Hparams h = voice.hparams();
            if (h.pitch().type() != PitchKind.PRAAT) {
                return Optional.of(PraatPitch.of(h.pitch()));
            }
            Optional<Path> file = ModelFiles.in(voice.paths().models()).findPitch(PitchKind.CREPE_TINY);
            return file.map(weights -> new CrepePitch(Crepe.load(scratch, weights), h.pitch(), h.quirks()));
        }

        private F0Track f0(PitchExtractor extractor, Conversion c) {
            return extractor.f0(
                    c.signal(),
                    voice.hparams().audio().hopSamples(),
                    c.f0().frames(),
                    voice.hparams().infer().seed());
        }

        private List<Loss> losses() {
            List<Loss> losses = new ArrayList<>();
            add(losses, "vocoder", Variant.SONG, Variant.COPY);
            add(losses, "vocoder, target's recording", Variant.OWN, Variant.OWN_COPY);
            add(losses, "denoiser", Variant.OWN_COPY, Variant.OWN_CONVERTED);
            add(losses, "the song's melody", Variant.OWN_CONVERTED, Variant.SWAPPED_UNITS);
            add(losses, "content encoder on the song", Variant.SWAPPED_UNITS, Variant.CONVERSION);
            add(losses, "pitch extractor", Variant.GIVEN_F0, Variant.CONVERSION);
            add(losses, "sampler", Variant.FINER, Variant.CONVERSION);
            add(losses, "all of it", Variant.SONG, Variant.CONVERSION);
            return losses;
        }

        private void add(List<Loss> losses, String stage, Variant better, Variant worse) {
            if (figures.containsKey(better) && figures.containsKey(worse)) {
                Map<Score.Part, Double> a = parts(better), b = parts(worse), lost = new EnumMap<>(Score.Part.class);
                a.forEach((part, value) -> {
                    if (b.containsKey(part)) {
                        lost.put(part, value - b.get(part));
                    }
                });
                losses.add(new Loss(stage, better, worse, lost));
            }
        }

        /** The parts of a variant; the voice is the similarity to the target, and says nothing of the song itself. */
        private Map<Score.Part, Double> parts(Variant variant) {
            Map<Score.Part, Double> parts =
                    new EnumMap<>(Score.of(figures.get(variant), List.of()).parts());
            parts.remove(Score.Part.VOICE);
            double similarity = Score.value(figures.get(variant), "similarity");
            if (!Double.isNaN(similarity) && variant != Variant.SONG && variant != Variant.COPY) {
                parts.put(Score.Part.VOICE, similarity);
            }
            return parts;
        }
    }

    /**
     * One row a stage.
     *
     * @return columns stage, between, then what is lost of each part
     */
    public Table table() {
        Table table = Table.create(
                "losses",
                StringColumn.create("stage", losses.stream().map(Loss::stage)),
                StringColumn.create("between", losses.stream().map(l -> l.better.text + " and " + l.worse.text)));
        for (Score.Part part : Score.Part.values()) {
            if (losses.stream().anyMatch(l -> l.parts.containsKey(part))) {
                table.addColumns(
                        Rounded.column(part.toString(), losses, 3, l -> l.parts.getOrDefault(part, Double.NaN)));
            }
        }
        return table;
    }

    /** Adds table and sentences to a page. */
    public void addTo(Page page) {
        page.table(table());
        sentences().forEach(page::text);
        notes.forEach(page::text);
    }

    /**
     * A sentence for each part of which something is lost: "words: the content encoder on the song loses 0.40 of 0.62".
     */
    public List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        Map<Score.Part, Double> all = losses.get(losses.size() - 1).parts;
        all.forEach((part, whole) -> losses.subList(0, losses.size() - 1).stream()
                .filter(l -> l.parts.getOrDefault(part, 0.0) > 0)
                .max((a, b) -> Double.compare(a.parts.get(part), b.parts.get(part)))
                .ifPresent(l -> sentences.add(String.format(
                        Locale.ROOT,
                        "%s: the stage \"%s\" loses %.2f; all of it %.2f",
                        part,
                        l.stage,
                        l.parts.get(part),
                        whole))));
        return sentences;
    }

    /** What each stage loses of each part, sentences and notes, as lines for a terminal. */
    @Override
    public String toString() {
        List<String> lines = new ArrayList<>(List.of(TextTable.of(table().removeColumns("between")), ""));
        lines.addAll(sentences());
        lines.addAll(notes);
        return String.join("\n", lines);
    }
}
