package diffsvc.cli;

import diffsvc.audio.AudioFile;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
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
import diffsvc.platform.EngineThreads;
import diffsvc.plot.Page;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Voice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
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

    @Override
    public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        requireOptions();
        if (threads != null) {
            EngineThreads.require("--threads", threads, 1);
            EngineThreads.use(threads);
        }
        Path page = page(paths), file = json == null ? null : writable(ProjectPaths.here(json), EvaluationJson::isOne);
        return checkpoints ? checkpoints(paths, page, file) : stages ? stages(paths, page) : outputs(paths, page, file);
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
        kinds();
    }

    /** The judges that are asked for. */
    private Set<JudgeKind> kinds() {
        if (judges.isEmpty()) {
            return JudgeKind.ofLanguage(language);
        }
        Set<JudgeKind> kinds = EnumSet.noneOf(JudgeKind.class);
        judges.forEach(name -> kinds.add(JudgeKind.named(name)));
        return kinds;
    }

    private Path page(ProjectPaths paths) {
        Path wanted = report != null
                ? ProjectPaths.here(report)
                : checkpoints ? paths.output().resolve(String.join("_", projects()) + "_checkpoints.html") : null;
        if (wanted != null && !wanted.getFileName().toString().endsWith(".html")) {
            throw Problem.in("options", "a name that ends in .html for --report", report, "write " + report + ".html");
        }
        return wanted == null ? null : writable(wanted, there -> Page.isBy(Report.PROGRAM, there));
    }

    private Path writable(Path file, Predicate<Path> ours) {
        Path real = new Output(overwrite, inputs())
                .require(STAGE, file, there -> ours.test(there) ? null : "a file that evaluate did not write");
        Output.tryOut(STAGE, real, 0);
        return real;
    }

    private List<Path> inputs() {
        return Stream.of(outputs, songs, Arrays.asList(source, target, lyrics, score))
                .flatMap(List::stream)
                .filter(Objects::nonNull)
                .map(ProjectPaths::here)
                .toList();
    }

    private List<String> projects() {
        return projects.isEmpty() ? List.of(DEMO) : projects;
    }

    // ---- outputs that are there

    private int outputs(ProjectPaths paths, Path page, Path file) {
        List<Converted> converted = outputs.stream()
                .map(o -> Converted.of(paths, ProjectPaths.here(o)))
                .toList();
        converted.forEach(c -> c.notes().forEach(EvaluateCommand::note));
        F0Table melody = score == null ? null : F0Table.read(ProjectPaths.here(score));
        Map<Path, Song> sources = new LinkedHashMap<>();
        Map<String, Target> targets = new LinkedHashMap<>();
        for (Converted c : converted) {
            Path song = song(c);
            if (song != null && !sources.containsKey(song)) {
                sources.put(song, song(song));
            }
            target(paths, voice(c)).ifPresent(t -> targets.putIfAbsent(voice(c), t));
        }
        try (Panel panel = Panel.open(paths, kinds());
                ConsoleProgress bar = new ConsoleProgress()) {
            Map<Path, Sound> copies = copies(paths, converted, sources);
            List<Evaluation.Candidate> candidates = new ArrayList<>();
            for (Converted c : converted) {
                Song song = sources.get(song(c));
                Subject subject = new Subject(
                        Sound.of(c.file().getFileName().toString(), AudioFile.read(c.file())),
                        song == null ? null : song.sound(),
                        key == null ? c.key() : key,
                        targets.get(voice(c)),
                        song == null ? words() : song.lyrics(),
                        melody,
                        c.joins());
                candidates.add(new Evaluation.Candidate(subject, copies.get(song(c))));
            }
            Evaluation evaluation = Evaluation.of(panel, candidates, bar);
            bar.close();
            print(evaluation);
            write(paths, page, page == null ? null : Report.page("Evaluation", evaluation), file, evaluation);
        }
        return 0;
    }

    private Path song(Converted c) {
        return source == null ? c.source() : ProjectPaths.here(source);
    }

    private String voice(Converted c) {
        return projects.isEmpty() ? c.project() : projects.get(0);
    }

    /** Copy synthesis of each song by the vocoder of its voice; of the demo's where the voice is unknown. */
    private Map<Path, Sound> copies(ProjectPaths paths, List<Converted> converted, Map<Path, Song> sources) {
        Map<Path, Sound> copies = new LinkedHashMap<>();
        Map<String, List<Path>> byVoice = new LinkedHashMap<>();
        for (Converted c : converted) {
            String name = voice(c).isEmpty() ? DEMO : voice(c);
            if (song(c) != null) {
                byVoice.computeIfAbsent(name, n -> new ArrayList<>()).add(song(c));
            }
        }
        byVoice.forEach((name, files) -> {
            try (Voice voice = open(paths, name)) {
                files.forEach(
                        f -> copies.computeIfAbsent(f, song -> sources.get(song).copy(voice)));
            }
        });
        return copies;
    }

    private Voice open(ProjectPaths paths, String project) {
        return Voice.open(paths, ModelFiles.in(paths.models()).project(project), this::settings, device.chosen());
    }

    private Hparams settings(Hparams h) {
        return h.infer(i -> {
            Hparams.Infer edited = sampler == null ? i : i.sampler(sampler);
            edited = steps == null ? edited : edited.steps(steps);
            return seed == null ? edited : edited.seed(seed);
        });
    }

    private Optional<Target> target(ProjectPaths paths, String project) {
        if (target != null) {
            return Optional.of(
                    Target.read(ProjectPaths.here(target).getFileName().toString(), ProjectPaths.here(target)));
        }
        return project.isEmpty() ? Optional.empty() : Target.of(paths, project);
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

    private List<Song> songs(ProjectPaths paths) {
        return Song.files(paths, songs).stream().map(this::song).toList();
    }

    private int checkpoints(ProjectPaths paths, Path page, Path file) {
        List<Checkpoint> all = projects().stream()
                .flatMap(p -> Checkpoint.of(paths, p).stream())
                .toList();
        List<Song> set = songs(paths);
        Map<String, Target> targets = new LinkedHashMap<>();
        projects().forEach(p -> target(paths, p).ifPresent(t -> targets.put(p, t)));
        try (Panel panel = Panel.open(paths, kinds());
                ConsoleProgress bar = new ConsoleProgress()) {
            CheckpointRanking ranking =
                    CheckpointRanking.of(panel, paths, all, set, targets, this::settings, device.chosen(), bar);
            bar.close();
            System.out.println(ranking.table().printAll());
            absent(ranking.evaluation());
            System.out.println("best       " + ranking.best().checkpoint().project() + ", "
                    + ranking.best().checkpoint());
            write(
                    paths,
                    page,
                    ranking.page("Checkpoints of " + String.join(", ", projects())),
                    file,
                    ranking.evaluation());
        }
        return 0;
    }

    private int stages(ProjectPaths paths, Path page) {
        List<Converted> converted = outputs.stream()
                .map(o -> Converted.of(paths, ProjectPaths.here(o)))
                .toList();
        converted.forEach(c -> c.notes().forEach(EvaluateCommand::note));
        List<Song> set = new ArrayList<>();
        for (Converted c : converted) {
            if (c.source() == null) {
                throw Problem.in(
                        STAGE, c.file(), "an output with a manifest that names its song", "none", "give --songs");
            }
            set.add(song(c.source()));
        }
        set.addAll(converted.isEmpty() || !songs.isEmpty() ? songs(paths) : List.of());
        String project = projects.isEmpty()
                        && !converted.isEmpty()
                        && !converted.get(0).project().isEmpty()
                ? converted.get(0).project()
                : projects().get(0);
        Target towards = target(paths, project).orElse(null);
        Page made = Page.titled("Which stage of " + project + " loses what", Report.PROGRAM);
        try (Panel panel = Panel.open(paths, kinds());
                Voice voice = open(paths, project)) {
            for (Song song : set) {
                StageLosses losses;
                try (ConsoleProgress bar = new ConsoleProgress()) {
                    losses = StageLosses.of(panel, voice, song, towards, bar);
                }
                System.out.println(song.sound().name());
                System.out.println(losses.table().printAll());
                losses.sentences().forEach(System.out::println);
                losses.notes().forEach(EvaluateCommand::note);
                losses.addTo(made.heading(song.sound().name()));
            }
            panel.absent().forEach((kind, why) -> note(kind + " is absent: " + why));
        }
        write(paths, page, made, null, null);
        return 0;
    }

    // ---- what is printed and written

    private static void print(Evaluation evaluation) {
        if (evaluation.rows().size() <= MOST_COLUMNS) {
            System.out.println(evaluation.table().printAll());
        }
        System.out.println(evaluation.ranking().printAll());
        absent(evaluation);
    }

    private static void absent(Evaluation evaluation) {
        evaluation.absent().forEach((kind, why) -> note(kind + " is absent: " + why));
    }

    private static void note(String text) {
        System.out.println("note       " + text);
    }

    private static void write(ProjectPaths paths, Path page, Page made, Path file, Evaluation evaluation) {
        if (page != null) {
            System.out.println("wrote      " + paths.shown(made.save(page)));
        }
        if (file != null) {
            System.out.println("wrote      " + paths.shown(EvaluationJson.save(evaluation, file)));
        }
    }
}
