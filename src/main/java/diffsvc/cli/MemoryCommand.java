package diffsvc.cli;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.memory.Plan;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.ProcessMemory;
import diffsvc.voice.ModelCosts;
import diffsvc.voice.ModelFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints the memory of each model and the largest batch below the limit, before anything runs. */
@Command(
        name = "memory",
        description = "Prints the memory that each of the seven models takes, and the batch that fits.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class MemoryCommand implements Callable<Integer> {
    /** A user's measurement: conds of a 24 kHz clip of 6 s took 31 % of 12 GiB in the Python project. */
    private static final double DATUM_SECONDS = 6, DATUM_BYTES = 0.31 * 12 * (1L << 30);

    /** The networks that conds take. */
    private static final Set<String> CONDS = Set.of("hubert", "whisper", "crepe");

    @Option(names = "--project", description = "name of a voice; default: the published sizes")
    String project;

    @Option(names = "--seconds", defaultValue = "15", description = "length of a clip (default ${DEFAULT-VALUE})")
    double seconds;

    @Mixin
    DeviceOption device = new DeviceOption();

    @Option(
            names = "--max-memory",
            description =
                    "limit of the whole process, or of its memory on a GPU, for instance 12GiB (default: the memory of the"
                            + " machine or its control group, or what is free on the GPU)")
    String maxMemory;

    @Option(names = "--hparams", defaultValue = "", description = "overrides: key=value, separated by commas")
    String overrides;

    @Override
    public Integer call() {
        if (!(seconds > 0 && seconds <= 3600)) {
            throw Problem.in("memory", "--seconds between 0 and 3600", String.valueOf(seconds), "correct it");
        }
        if (project != null) {
            ProjectName.require("options", project);
        }
        ProjectPaths paths = ProjectPaths.find();
        Hparams hparams = Arg2Hparams.apply(settings(paths), overrides);
        ComputeDevice on = device.chosen();
        long limit = maxMemory == null ? Plan.available(on) : ProcessMemory.asked(maxMemory);
        try (NDManager manager = on.newManager()) {
            Plan plan = Plan.of(
                    ModelCosts.of(ModelFiles.in(paths.models()), hparams), seconds, limit, Plan.baseline(manager));
            print(plan, limit, on);
            plan.require();
        }
        return 0;
    }

    /** The settings of --project, of a voice or of a dataset; without it the published ones. */
    private Hparams settings(ProjectPaths paths) {
        if (project == null) {
            return Hparams.defaults();
        }
        Path yaml = Stream.of(
                        paths.models().resolve(project).resolve("hparams.yaml"),
                        paths.data().resolve(project).resolve("hparams.yaml"))
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(() -> Problem.in(
                        "memory",
                        paths.models().resolve(project),
                        "a project or dataset of that name",
                        "none",
                        "correct --project, or leave it out"));
        return HparamsYaml.read(yaml).project(project);
    }

    private void print(Plan plan, long limit, ComputeDevice on) {
        System.out.printf(
                "limit      %s%s%n",
                ProcessMemory.shown(limit),
                maxMemory != null ? "" : on.isGpu() ? ", free on " + on : ", the memory of this machine");
        System.out.printf(
                "%s%n%n",
                on.isGpu()
                        ? "gpu        " + ProcessMemory.shown(plan.baseline()) + " without a model, estimated"
                        : "process    " + ProcessMemory.shown(plan.baseline())
                                + " without a model, with the largest Java heap");
        System.out.printf(
                "%-12s %-18s %8s %9s %11s %11s %6s %12s %14s%n",
                "model", "sizes of", "frames", "weights", "one clip", "each more", "batch", "process", "GPU, untested");
        for (Plan.Line l : plan.lines()) {
            long one = l.cost().atWork(1, l.frames()), more = l.cost().atWork(2, l.frames()) - one;
            System.out.printf(
                    "%-12s %-18s %8d %9s %11s %11s %6d %12s %14s%n",
                    l.cost().model(),
                    l.at(),
                    l.frames(),
                    mib(l.cost().weights()),
                    mib(one),
                    mib(more),
                    l.batch(),
                    l.batch() == 0 ? "more" : mib(plan.baseline() + l.peak()),
                    mib(l.peak()));
        }
        System.out.printf(
                Locale.ROOT,
                "%nIn MiB, for clips of %s s. Batch: the most clips at once below the limit, each model alone, at most %d (crepe: windows);%n"
                        + "pair: embedding and wavenet in training. For comparison: hubert and crepe together take %s MiB for %.0f s; a user measured %s MiB (31 %% of 12 GiB)%n"
                        + "on a GPU for the conds of such a clip at 24 kHz in the Python project.%n",
                seconds == Math.rint(seconds) ? String.valueOf((long) seconds) : String.valueOf(seconds),
                Plan.MOST,
                mib(plan.together(CONDS, DATUM_SECONDS)),
                DATUM_SECONDS,
                mib((long) DATUM_BYTES));
    }

    private static String mib(long bytes) {
        return String.valueOf(bytes + (1 << 19) >> 20);
    }
}
