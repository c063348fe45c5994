package diffsvc.cli;

import diffsvc.check.Problem;
import diffsvc.evaluate.JudgeKind;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.voice.Doctor;
import diffsvc.voice.Effect;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Pairing;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Checks the machine, or whether the parts of a voice belong together. */
@Command(
        name = "doctor",
        description =
                "Checks whether this machine has what the workbench needs; with a voice, whether its config, checkpoint, encoder and vocoder belong together.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class DoctorCommand implements Callable<Integer> {
    @Option(names = "--project", description = "check this voice under models/ instead of the machine")
    String project;

    @ArgGroup(exclusive = false)
    Upstream upstream;

    @Option(names = "--hparams", defaultValue = "", description = "overrides: key=value, separated by commas")
    String overrides;

    /** A voice in the Python project's layout. */
    static final class Upstream {
        @Option(
                names = "--config",
                required = true,
                description =
                        "config.yaml of a voice in the Python project's layout, relative to the current directory")
        Path config;

        @Option(names = "--ckpt", required = true, description = "its model_ckpt_steps_N.ckpt")
        Path checkpoint;
    }

    @Override
    public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        if (project != null && upstream != null) {
            throw Problem.in("options", "--project or --config with --ckpt", "both", "leave one out");
        }
        if (project == null && upstream == null) {
            if (!overrides.isEmpty()) {
                throw Problem.in("options", "a voice for --hparams", "none", "name it with --project");
            }
            Doctor doctor = Doctor.machine(paths);
            List<Doctor.Line> lines = new ArrayList<>(doctor.lines());
            lines.addAll(JudgeKind.doctor(paths));
            for (Doctor.Line l : lines) {
                System.out.printf("%-8s %-16s %s%n", l.grade().name().toLowerCase(Locale.ROOT), l.what(), l.found());
                if (!l.remedy().isEmpty()) {
                    System.out.printf("%-25s -> %s%n", "", l.remedy());
                }
            }
            System.out.println(
                    doctor.well()
                            ? "ready; items marked missing are optional, each line says what they are for"
                            : "not ready; the lines marked wrong say what to do");
            return doctor.well() ? 0 : 2;
        }
        ModelFiles files = ModelFiles.in(paths.models());
        ModelFiles.Pair pair = upstream == null
                ? files.project(ProjectName.require("options", project))
                : files.upstream(
                        ProjectPaths.here(upstream.config.toString()),
                        ProjectPaths.here(upstream.checkpoint.toString()));
        Hparams hparams = Arg2Hparams.apply(pair.hparams(), overrides);
        Effect.require(hparams, overrides);
        Pairing pairing = Pairing.lookingInside(files, pair, hparams);
        pairing.findings()
                .forEach(f -> System.out.printf(
                        "%-6s %-70s %s%s%n",
                        f.verdict().name().toLowerCase(Locale.ROOT),
                        f.what(),
                        f.config(),
                        f.config().equals(f.file()) ? "" : " | " + f.file()));
        pairing.require();
        System.out.println("the parts of " + hparams.project() + " belong together");
        return 0;
    }
}
