package diffsvc.cli;

import diffsvc.audio.AudioFile;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.check.Shown;
import diffsvc.conds.F0Table;
import diffsvc.evaluate.Checkpoint;
import diffsvc.evaluate.CheckpointRanking;
import diffsvc.evaluate.Converted;
import diffsvc.evaluate.Evaluation;
import diffsvc.evaluate.EvaluationJson;
import diffsvc.evaluate.JudgeKind;
import diffsvc.evaluate.Panel;
import diffsvc.evaluate.Report;
import diffsvc.evaluate.Song;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.StageLosses;
import diffsvc.evaluate.Subject;
import diffsvc.evaluate.Target;
import diffsvc.files.Output;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.hparams.SamplerKind;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.EngineThreads;
import diffsvc.plot.Page;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Voice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Judges outputs, stages and checkpoints. */
@Command(
        name = "evaluate",
        description = {
            "Judges converted songs by figures of pitch, identity, words and sound, from judges that know nothing of how they were made"
                    + " (docs/evaluate.md). ./diffsvc weights judges fetches the judges' models once; absent judges are named.",
            "With --checkpoints it converts songs with every kept checkpoint of a voice and ranks them; with --stages it replaces one stage after"
                    + " the other and says which one loses what."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false)
final class EvaluateCommand implements Callable<Integer> {
    private static final String STAGE = "evaluate", DEMO = "demo";
    private static final int MOST_COLUMNS = 8;
    private static final double LENGTHS_DIFFER_SECONDS = 0.1;

    @Parameters(
            paramLabel = "OUTPUT",
            arity = "0..*",
            description = "converted songs or the manifests (.json) beside them; a manifest tells song, key and voice")
    List<String> outputs = new ArrayList<>();

    @Option(names = "--source", description = "the song that was converted (default: the manifest's)")
    String source;

    @Option(
            names = "--key",
            description = "semitones that the output lies above the song (default: the manifest's, or 0)")
    Double key;

    @Option(
            names = "--target",
            description = "a recording of the target, or a folder of them (default: models/NAME/target of the voice)")
    String target;

    @Option(
            names = "--lyrics",
            description =
                    "a text file with the words, or a folder with SONG.txt for each song (default: SONG.txt beside the song)")
    String lyrics;

    @Option(names = "--score", description = "CSV of time, Hz, voiced: the melody that should be sung")
    String score;

    @Option(
            names = "--language",
            defaultValue = "en",
            description = "of the words: en or ko (default ${DEFAULT-VALUE})")
    String language;

    @Option(
            names = "--judges",
            split = ",",
            description = "only these judges (default: all that are there, with the recognizer of --language)")
    List<String> judges = new ArrayList<>();

    @Option(
            names = "--project",
            split = ",",
            description = "voice under models/; with --checkpoints one or more (default " + DEMO + ")")
    List<String> projects = new ArrayList<>();

    @Option(names = "--checkpoints", description = "rank the kept checkpoints of --project on --songs")
    boolean checkpoints;

    @Option(
            names = "--stages",
            description = "say which stage of --project loses what on --songs, or on the OUTPUT's song")
    boolean stages;

    @Option(
            names = "--songs",
            arity = "1..*",
            description = "with --checkpoints or --stages: the songs (default: the project's raw/*.wav)")
    List<String> songs = new ArrayList<>();

    @Option(
            names = "--sampler",
            completionCandidates = InferCommand.SamplerNames.class,
            description = "with --checkpoints or --stages: one of ${COMPLETION-CANDIDATES} (default: the voice's own)")
    String sampler;

    @Option(
            names = "--steps",
            description = "with --checkpoints or --stages: network evaluations (default: the voice's own)")
    Integer steps;

    @Option(names = "--seed", description = "with --checkpoints or --stages: random seed (default: the voice's own)")
    Long seed;

    @Option(
            names = "--report",
            paramLabel = "FILE.html",
            description =
                    "a page with tables, pictures and players in one file (with --checkpoints by default output/NAME_checkpoints.html)")
    String report;

    @Option(names = "--json", paramLabel = "FILE", description = "all figures as JSON")
    String json;

    @Option(names = "--overwrite", description = "replace a report or JSON file that evaluate did not write")
    boolean overwrite;

    @Option(names = "--threads", description = "threads of the engine, at most four per core (default: all cores)")
    Integer threads;

    @Mixin
    DeviceOption device = new DeviceOption();

    private ConsoleProgress bar;
    /** How many outputs or songs went wrong while the others went on. */
    private int failed;

    @Override
    public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        requireOptions();
        ComputeDevice on = device.chosen();
        if (threads != null) {
            EngineThreads.require("--threads", threads, 1);
            EngineThreads.use(threads);
        }
        try (ConsoleProgress progress = new ConsoleProgress()) {
            bar = progress;
            if (checkpoints) {
                checkpoints(paths, on);
            } else if (stages) {
                stages(paths, on);
            } else {
                outputs(paths, on);
            }
        }
        return failed == 0 ? 0 : 2;
    }

    private void requireOptions() {
        projects.forEach(p -> ProjectName.require("options", p));
        if (checkpoints && stages) {
            throw Problem.in("options", "--checkpoints or --stages", "both", "run one after the other");
        }
        if (checkpoints && !outputs.isEmpty()) {
            throw Problem.in("options", "songs with --songs", "outputs with --checkpoints", "give songs with --songs");
        }
        if (!checkpoints && !stages && outputs.isEmpty()) {
            throw Problem.in(
                    "options",
                    "converted songs or their manifests",
                    "none",
                    "give output/*.json, or --checkpoints with --project");
        }
        if (!checkpoints && !stages && (!songs.isEmpty() || sampler != null || steps != null || seed != null)) {
            throw Problem.in(
                    "options",
                    "--checkpoints or --stages with --songs, --sampler, --steps and --seed",
                    "neither",
                    "leave them out, or name the song with --source");
        }
        if ((checkpoints || stages) && (source != null || key != null || score != null)) {
            throw Problem.in(
                    "options", "--songs", "--source, --key or --score", "these are for outputs that are there");
        }
        if (!checkpoints && projects.size() > 1) {
            throw Problem.in("options", "one --project", projects.size() + " of them", "name one");
        }
        if (stages && json != null) {
            throw Problem.in("options", "--json without --stages", "both", "--report writes a page");
        }
        if (key != null) {
            Bound.number("options", "--key", key, -Hparams.LARGEST_KEY, Hparams.LARGEST_KEY);
        }
        if (sampler != null) {
            SamplerKind.named(sampler);
        }
        if (steps != null) {
            Bound.whole("options", "--steps", steps, 1, Integer.MAX_VALUE);
        }
        JudgeKind.named(judges, language);
    }

    private Panel panel(ProjectPaths paths) {
        return Panel.open(paths, JudgeKind.named(judges, language));
    }

    /** Where to write; null where nobody asked for it. Known before the work, so that a wrong name costs nothing. */
    private record Destinations(Path page, Path json) {}

    /** @param read files that the command reads beside those of its options */
    private Destinations destinations(ProjectPaths paths, Collection<Path> read) {
        Path wanted = report != null
                ? ProjectPaths.here(report)
                : checkpoints ? paths.output().resolve(String.join("_", projects()) + "_checkpoints.html") : null;
        if (wanted != null && !wanted.toString().endsWith(".html")) {
            throw Problem.in("options", "a name that ends in .html for --report", Shown.of(report), "write NAME.html");
        }
        List<Path> inputs = new ArrayList<>(read);
        Stream.of(outputs, songs, Arrays.asList(source, lyrics, score))
                .flatMap(List::stream)
                .filter(Objects::nonNull)
                .map(ProjectPaths::here)
                .forEach(inputs::add);
        if (target != null) {
            inputs.addAll(Target.files(ProjectPaths.here(target)));
        }
        Path figures = json == null ? null : ProjectPaths.here(json);
        if (wanted != null && figures != null && Output.real(wanted).equals(Output.real(figures))) {
            throw Problem.in("options", "two names for --report and --json", json + " for both", "name another one");
        }
        Output output = new Output(overwrite, inputs);
        return new Destinations(
                writable(output, wanted, there -> Page.isBy(Report.PROGRAM, there)),
                writable(output, figures, EvaluationJson::isOne));
    }

    private static Path writable(Output output, Path file, Predicate<Path> ours) {
        if (file == null) {
            return null;
        }
        Path real =
                output.require(STAGE, file, there -> ours.test(there) ? null : "a file that evaluate did not write");
        Output.tryOut(STAGE, real, 0);
        return real;
    }

    /** Does something for each of some; what one fails with is printed, and the others go on. */
    private <T> void each(Collection<T> all, Consumer<T> work) {
        for (T one : all) {
            try {
                work.accept(one);
            } catch (Problem p) {
                if (p.isStop() || all.size() == 1) {
                    throw p;
                }
                failed(p.getMessage());
            }
        }
    }

    private void failed(String why) {
        bar.close();
        System.err.println(why);
        failed++;
    }

    private List<String> projects() {
        return projects.isEmpty() ? List.of(DEMO) : projects.stream().distinct().toList();
    }

    // ---- outputs that are there

    /** An output as the options and its manifest describe it. */
    private record Asked(Subject subject, String voice, Song song) {}

    private void outputs(ProjectPaths paths, ComputeDevice on) {
        projects.forEach(p -> ModelFiles.in(paths.models()).project(p));
        F0Table melody = score == null ? null : F0Table.read(ProjectPaths.here(score));
        Song given = source == null ? null : song(ProjectPaths.here(source));
        Target towards = target == null ? null : target();
        List<Path> read = new ArrayList<>();
        Collection<Converted> converted = converted(paths, read);
        Destinations to = destinations(paths, read);
        Map<Path, Song> songs = new HashMap<>();
        Map<String, Optional<Target>> targets = new HashMap<>();
        List<Asked> asked = new ArrayList<>();
        each(converted, c -> {
            Song song = given != null || c.source() == null ? given : songs.computeIfAbsent(c.source(), this::song);
            String voice = projects.isEmpty() ? c.project() : projects.get(0);
            Optional<Target> its = towards != null
                    ? Optional.of(towards)
                    : targets.computeIfAbsent(voice, v -> v.isEmpty() ? Optional.empty() : Target.of(paths, v));
            Subject subject = new Subject(
                    Sound.of(name(paths, c, converted), AudioFile.read(c.file())),
                    song == null ? null : song.sound(),
                    key == null ? c.key() : key,
                    its.orElse(null),
                    song == null ? words() : song.lyrics(),
                    melody,
                    c.joins());
            lengths(subject);
            asked.add(new Asked(subject, voice.isEmpty() ? DEMO : voice, song));
        });
        int all = asked.size() + failed;
        if (!asked.isEmpty()) {
            try (Panel panel = panel(paths)) {
                Map<List<Object>, Sound> copies = copies(paths, on, asked);
                Evaluation evaluation = Evaluation.of(
                        panel,
                        asked.stream()
                                .map(a -> new Evaluation.Candidate(
                                        a.subject, a.song == null ? null : copies.get(List.of(a.voice, a.song))))
                                .toList(),
                        bar);
                bar.close();
                idle(panel, asked);
                evaluation.failed().forEach((name, why) -> failed(name + ": " + why));
                print(evaluation);
                write(paths, to, evaluation, () -> Report.page("Evaluation", evaluation));
            }
        }
        counted("outputs judged", all);
    }

    /** Says which judges had nothing to compare any output with. */
    private void idle(Panel panel, List<Asked> asked) {
        for (JudgeKind kind : panel.judges().keySet()) {
            if (asked.stream().noneMatch(a -> a.subject.has().containsAll(kind.needs()))) {
                kind.needs().forEach(need -> bar.note(kind + " is left out: it needs " + need.text()));
            }
        }
    }

    /** The outputs and what their manifests say; a song and its manifest are one output. */
    private Collection<Converted> converted(ProjectPaths paths, Collection<Path> read) {
        Map<Path, Converted> converted = new LinkedHashMap<>();
        each(outputs, output -> {
            Converted c = Converted.of(paths, ProjectPaths.here(output));
            if (converted.putIfAbsent(Output.real(c.file()), c) == null) {
                c.notes().forEach(bar::note);
            }
            read.addAll(c.files());
        });
        return converted.values();
    }

    /** A file's name, or where two outputs have the same the whole path. */
    private static String name(ProjectPaths paths, Converted of, Collection<Converted> all) {
        Path name = of.file().getFileName();
        return all.stream().filter(c -> name.equals(c.file().getFileName())).count() > 1
                ? paths.shown(of.file())
                : name.toString();
    }

    private void lengths(Subject subject) {
        Sound song = subject.source(), output = subject.output();
        if (song != null && Math.abs(song.seconds() - output.seconds()) > LENGTHS_DIFFER_SECONDS) {
            bar.note(String.format(
                    Locale.ROOT,
                    "%s lasts %.1f s and its song %.1f s: notes that the output lacks count as missed",
                    output.name(),
                    output.seconds(),
                    song.seconds()));
        }
    }

    /**
     * Copy synthesis of each song by the vocoder of its voice, or of the demo's where that is unknown. Copies are
     * beside the outputs for comparison, so the outputs are judged without those that fail.
     *
     * @return by voice and song
     */
    private Map<List<Object>, Sound> copies(ProjectPaths paths, ComputeDevice on, List<Asked> asked) {
        Map<String, Set<Song>> songs = new LinkedHashMap<>();
        asked.stream().filter(a -> a.song != null).forEach(a -> songs.computeIfAbsent(
                        a.voice, v -> new LinkedHashSet<>())
                .add(a.song));
        Map<List<Object>, Sound> copies = new HashMap<>();
        songs.forEach((name, its) -> {
            try (Voice voice = open(paths, name, on)) {
                its.forEach(song -> copies.put(List.of(name, song), song.copy(voice)));
            } catch (Problem p) {
                if (p.isStop()) {
                    throw p;
                }
                bar.note("no copy synthesis by the voice " + name + ": " + p.getMessage());
            }
        });
        return copies;
    }

    private Voice open(ProjectPaths paths, String project, ComputeDevice on) {
        return Voice.open(paths, ModelFiles.in(paths.models()).project(project), this::settings, on);
    }

    private Hparams settings(Hparams h) {
        return h.infer(i -> {
            Hparams.Infer edited = sampler == null ? i : i.sampler(sampler);
            edited = steps == null ? edited : edited.steps(steps);
            return seed == null ? edited : edited.seed(seed);
        });
    }

    private Target target() {
        Path at = ProjectPaths.here(target);
        return Target.read(String.valueOf(at.getFileName()), at);
    }

    /** The recordings of --target, or else those that come with a voice. */
    private Optional<Target> target(ProjectPaths paths, String project) {
        return target == null ? Target.of(paths, project) : Optional.of(target());
    }

    private Song song(Path file) {
        Song song = Song.read(file);
        if (lyrics == null) {
            return song;
        }
        Path given = ProjectPaths.here(lyrics);
        return new Song(
                song.sound(),
                Files.isDirectory(given)
                        ? Song.words(given.resolve(Song.wordsBeside(file).getFileName()))
                        : Song.words(given));
    }

    private String words() {
        return lyrics == null ? "" : Song.words(ProjectPaths.here(lyrics));
    }

    // ---- checkpoints and stages

    private void checkpoints(ProjectPaths paths, ComputeDevice on) {
        List<Path> files = Song.files(paths, songs);
        Destinations to = destinations(paths, files);
        List<Checkpoint> all = projects().stream()
                .flatMap(p -> Checkpoint.of(paths, p).stream())
                .toList();
        List<Song> set = files.stream().map(this::song).toList();
        Map<String, Target> targets = new HashMap<>();
        projects().forEach(p -> target(paths, p).ifPresent(t -> targets.put(p, t)));
        try (Panel panel = panel(paths)) {
            CheckpointRanking ranking = CheckpointRanking.of(panel, paths, all, set, targets, this::settings, on, bar);
            bar.close();
            System.out.println(ranking.table().printAll());
            panel.absentJudges().forEach(bar::note);
            System.out.println("best       " + ranking.verdict());
            write(
                    paths,
                    to,
                    ranking.evaluation(),
                    () -> ranking.page("Checkpoints of " + String.join(", ", projects())));
        }
    }

    private void stages(ProjectPaths paths, ComputeDevice on) {
        List<Path> read = new ArrayList<>();
        Collection<Converted> converted = converted(paths, read);
        Set<Path> files = new LinkedHashSet<>();
        each(converted, c -> {
            if (c.source() == null) {
                throw Problem.in(
                        STAGE, c.file(), "an output with a manifest that names its song", "none", "give --songs");
            }
            files.add(c.source());
        });
        if (outputs.isEmpty() || !songs.isEmpty()) {
            files.addAll(Song.files(paths, songs));
        }
        read.addAll(files);
        Destinations to = destinations(paths, read);
        String project = projects.isEmpty()
                ? converted.stream()
                        .map(Converted::project)
                        .filter(p -> !p.isEmpty())
                        .findFirst()
                        .orElse(DEMO)
                : projects.get(0);
        Target towards = target(paths, project).orElse(null);
        Page made = Page.titled("Which stage of " + project + " loses what", Report.PROGRAM);
        int before = failed;
        try (Panel panel = panel(paths);
                Voice voice = open(paths, project, on)) {
            each(files, file -> {
                Song song = song(file);
                StageLosses losses = StageLosses.of(panel, voice, song, towards, bar);
                bar.close();
                System.out.println(song.sound().name());
                System.out.println(losses.table().printAll());
                losses.sentences().forEach(System.out::println);
                losses.notes().forEach(bar::note);
                losses.addTo(made.heading(song.sound().name()));
            });
            panel.absentJudges().forEach(bar::note);
        }
        if (to.page != null && failed - before < files.size()) {
            System.out.println("wrote      " + paths.shown(made.save(to.page)));
        }
        counted("songs taken apart", files.size() + before);
    }

    // ---- what is printed and written

    private void print(Evaluation evaluation) {
        if (evaluation.rows().size() <= MOST_COLUMNS) {
            System.out.println(evaluation.table().printAll());
        } else {
            bar.note("all figures of so many sounds: --report FILE.html or --json FILE");
        }
        System.out.println(evaluation.ranking().printAll());
        evaluation.absentJudges().forEach(bar::note);
    }

    private void counted(String what, int of) {
        if (failed > 0) {
            System.out.printf("%d of %d %s, %d failed%n", of - failed, of, what, failed);
        }
    }

    /** The figures first: a page may be too large for the memory or the disk. */
    private static void write(ProjectPaths paths, Destinations to, Evaluation evaluation, Supplier<Page> page) {
        if (to.json != null) {
            System.out.println("wrote      " + paths.shown(EvaluationJson.save(evaluation, to.json)));
        }
        if (to.page != null) {
            System.out.println("wrote      " + paths.shown(page.get().save(to.page)));
        }
    }
}
