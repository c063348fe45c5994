package diffsvc.cli;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.PitchExtractor;
import diffsvc.dataset.ClipReport;
import diffsvc.dataset.Preprocessing;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.Overrides;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.memory.Plan;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.ProcessMemory;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Networks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a dataset from a folder of recordings. */
@Command(
        name = "preprocess",
        description = "Cuts the recordings of a folder into clips and computes their mel, F0 and units for training.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class PreprocessCommand implements Callable<Integer> {
    /** Changes to the demo's hparams for a new voice: the demo's own recordings are speech, others are not. */
    private static final String NEW_VOICE =
            "dataset.sung_share=0,dataset.valid_share=0.05,training.batch=0,training.lr=8e-4,training.decay_steps=40000,";

    @Parameters(
            index = "0",
            paramLabel = "FOLDER",
            description =
                    "recordings of one voice (wav, flac, ogg, mp3 ...), sub-folders included; relative to the current "
                            + "directory")
    String folder;

    @Option(names = "--project", required = true, description = "name of the voice; the dataset goes to data/NAME")
    String project;

    @Option(
            names = "--hparams-file",
            description =
                    "hparams.yaml or a Python config.yaml to start from, relative to the current directory (default: "
                            + "the project's own, or else the demo's networks and encoder)")
    String hparamsFile;

    @Option(names = "--hparams", defaultValue = "", description = "overrides: key=value, separated by commas")
    String overrides;

    @Mixin
    DeviceOption device = new DeviceOption();

    @Option(
            names = "--max-memory",
            description =
                    "limit of the whole process, or of its memory on a GPU, for instance 2GiB; fewer recordings are"
                            + " analysed at once (default: one for each processor)")
    String maxMemory;

    @Option(
            names = "--out",
            description = "dataset folder to write, relative to the current directory (default data/NAME)")
    String out;

    @Option(
            names = "--overwrite",
            description =
                    "write into a folder that preprocess did not make, and replace an hparams.yaml, mel_range.yaml or "
                            + "report.csv that was edited")
    boolean overwrite;

    @Override
    public Integer call() {
        ProjectName.require("dataset", project);
        Overrides asked = new Overrides("dataset", overrides);
        asked.refuseProjectAndSteps();
        asked.refuseWhatIsFound();
        ProjectPaths paths = ProjectPaths.find();
        Path yaml = hparamsFile != null
                ? ProjectPaths.here(hparamsFile)
                : paths.models().resolve(project).resolve("hparams.yaml");
        String own = "";
        if (hparamsFile == null && !Files.exists(yaml)) {
            yaml = paths.models().resolve("demo/hparams.yaml");
            own = NEW_VOICE;
        }
        if (!Files.exists(yaml)) {
            throw Problem.in(
                    "dataset",
                    yaml,
                    "an hparams.yaml or config.yaml",
                    Input.kind(yaml),
                    "name one with --hparams-file");
        }
        Hparams base = HparamsYaml.readEither(yaml);
        Hparams hparams = Arg2Hparams.apply(base.project(project).steps(0), Arg2Hparams.join(own, overrides));
        Path target = out == null ? paths.data().resolve(project) : ProjectPaths.here(out);
        Output output = new Output(overwrite, List.of(yaml));
        System.out.println("hparams    " + paths.shown(yaml) + ", encoder "
                + hparams.hubert().file() + ", pitch " + hparams.pitch().extractor());
        ModelFiles files = ModelFiles.in(paths.models());
        long limit = maxMemory == null ? Long.MAX_VALUE : ProcessMemory.asked(maxMemory);
        ComputeDevice on = device.chosen();
        try (NDManager manager = on.newManager()) {
            long baseline = maxMemory == null ? 0 : Plan.baseline(manager); // before a network is open
            try (ContentEncoder encoder = Networks.encoder(manager, hparams, files);
                    PitchExtractor pitchExtractor = Networks.pitchExtractor(manager, hparams, files)) {
                int most = Preprocessing.mostAtOnce(),
                        atOnce =
                                Plan.recordings(
                                        List.of(encoder.cost(), pitchExtractor.cost()),
                                        hparams.dataset().maxClipSeconds(),
                                        Preprocessing.bytesPerRecording(hparams),
                                        limit,
                                        baseline,
                                        most);
                if (atOnce < most) {
                    System.out.println("memory     " + counted(atOnce, "recording") + " at once, as "
                            + ProcessMemory.shown(limit) + " allow");
                }
                Preprocessing preprocessing = new Preprocessing(hparams, encoder, pitchExtractor, on, atOnce);
                Preprocessing.Result result;
                try (ConsoleProgress bar = new ConsoleProgress()) {
                    result = preprocessing.run(ProjectPaths.here(folder), target, output, bar::at);
                }
                print(result, paths);
            }
        }
        return 0;
    }

    private static void print(Preprocessing.Result result, ProjectPaths paths) {
        Map<String, List<ClipReport>> reasons = result.reports().stream()
                .filter(r -> !r.skipped().isEmpty() && !r.skipped().equals("silence"))
                .collect(Collectors.groupingBy(ClipReport::skipped, TreeMap::new, Collectors.toList()));
        reasons.forEach((why, which) -> System.out.printf(
                "skipped    %d (%.1f s): %s%n",
                which.size(),
                which.stream().mapToDouble(ClipReport::seconds).sum(),
                which.get(0).recording() + (which.size() > 1 ? " and others: " : ": ") + why));
        for (String part : List.of("train", "valid", "test")) {
            List<ClipReport> of =
                    result.reports().stream().filter(r -> r.part().equals(part)).toList();
            System.out.printf(
                    "%-10s %s of %s, %.1f s%n",
                    part,
                    counted(of.size(), "clip"),
                    counted(of.stream().map(ClipReport::recording).distinct().count(), "recording"),
                    of.stream().mapToDouble(ClipReport::seconds).sum());
        }
        long clipped =
                result.reports().stream().filter(r -> r.clippedSamples() > 0).count();
        if (clipped > 0) {
            System.out.println("note       " + counted(clipped, "clip")
                    + " with samples at full scale: see clipped_samples in report.csv");
        }
        result.notes()
                .forEach((text, names) -> System.out.printf(
                        "note       %s%s: %s%n", names.get(0), names.size() > 1 ? " and others" : "", text));
        Hparams.Range range = result.hparams().range();
        System.out.printf(
                "f0         median %.0f Hz, 5 %% below %.0f Hz, 5 %% above %.0f Hz%n",
                range.medianHz(), range.lowHz(), range.highHz());
        if (result.damaged() > 0 || result.older() > 0) {
            System.out.printf(
                    "note       %d shard%s made again: %d damaged, %d of an older format%n",
                    result.damaged() + result.older(),
                    result.damaged() + result.older() == 1 ? "" : "s",
                    result.damaged(),
                    result.older());
        }
        System.out.printf(
                "wrote      %s%s: shards, index.json, report.csv, hparams.yaml, mel_range.yaml%n",
                paths.shown(result.folder()),
                result.reused() == 0 ? "" : " (already there: " + counted(result.reused(), "recording") + ")");
    }

    private static String counted(long count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }
}
