package diffsvc.cli;

import diffsvc.check.Problem;
import diffsvc.conds.CondsCache;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.files.Sha256;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.ProjectPaths;
import diffsvc.infer.Inference;
import diffsvc.infer.Manifest;
import diffsvc.infer.Request;
import diffsvc.platform.EngineThreads;
import diffsvc.platform.ProcessMemory;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Voice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Repeats a conversion from its manifest. */
@Command(
        name = "again",
        description = "Repeats a conversion from the manifest beside its output. Exit code 3: the bytes differ.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class AgainCommand implements Callable<Integer> {
    /** Exit code: the conversion ended, and its bytes are not those of before. */
    private static final int OTHER_BYTES = 3;

    @Parameters(paramLabel = "MANIFEST", description = "the .json beside an output, relative to the current directory")
    String manifest;

    @Option(
            names = "--out",
            description =
                    "file to write, relative to the current directory (default: the earlier name, beside the manifest)")
    String out;

    @Option(
            names = "--overwrite",
            description =
                    "replace a file that infer did not write or that was changed since; input files are never replaced")
    boolean overwrite;

    @Mixin
    DeviceOption device = new DeviceOption();

    @Option(
            names = "--max-memory",
            description = "limit of the whole process, or of its memory on a GPU, 2GiB for instance; slices and their"
                    + " batches must fit as they were")
    String maxMemory;

    @Override
    public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        Path file = ProjectPaths.here(manifest);
        Manifest then = Manifest.read(file);
        same(
                file,
                paths,
                "the song",
                new Manifest.Hashed(then.input().file(), then.input().sha256()));
        then.given().forEach((role, given) -> same(file, paths, role, given));
        ModelFiles files = ModelFiles.in(paths.models());
        ModelFiles.Pair pair = then.project().isEmpty()
                ? files.upstream(paths.resolve(then.config()), paths.resolve(then.checkpoint()))
                : files.project(then.project());
        Hparams hparams = HparamsYaml.of(then.hparams(), file);
        EngineThreads.require("infer.threads", hparams.infer().threads(), 0);
        EngineThreads.use(hparams.infer().threads());
        try (Voice voice = Voice.open(paths, pair.with(hparams), h -> h, device.chosen())) {
            sameModels(file, then, voice);
            Inference inference = new Inference(
                    voice,
                    maxMemory == null ? 0 : ProcessMemory.asked(maxMemory),
                    CondsCache.in(paths.cache()),
                    then.slices().mostSeconds(),
                    then.slices().batchFrames());
            Inference.Done done;
            long began = System.nanoTime();
            try (ConsoleProgress bar = new ConsoleProgress()) {
                done = inference.convert(request(file, then, paths), bar);
            }
            InferReport.print(done, voice, (System.nanoTime() - began) / 1e9);
            boolean same =
                    done.manifest().output().sha256().equals(then.output().sha256());
            System.out.println(
                    "again      " + (same ? "the same bytes" : "other bytes: " + why(then, done.manifest())));
            return same ? 0 : OTHER_BYTES;
        }
    }

    private static void sameModels(Path file, Manifest then, Voice voice) {
        voice.files().forEach((role, path) -> {
            Manifest.Hashed was = then.models().get(role);
            if (was == null) {
                throw Problem.in(
                        "again",
                        file,
                        "the models " + String.join(", ", then.models().keySet()),
                        role + " too",
                        "open the voice as it was");
            }
            same(file, voice.paths(), role, new Manifest.Hashed(voice.paths().shown(path), was.sha256()));
        });
    }

    private Request request(Path file, Manifest then, ProjectPaths paths) {
        // the path that a manifest names may be anybody's: only its name counts
        Path target =
                out == null ? file.resolveSibling(Path.of(then.output().file()).getFileName()) : ProjectPaths.here(out);
        boolean upstream = then.project().isEmpty();
        return Request.of(paths.resolve(then.input().file()))
                .to(target)
                .key(then.asked())
                .units(given(then, "units", paths))
                .f0(given(then, "f0", paths))
                .voiceFrom(
                        upstream ? paths.resolve(then.config()) : null,
                        upstream ? paths.resolve(then.checkpoint()) : null)
                .replacing(new Output(overwrite, List.of()));
    }

    private static Path given(Manifest then, String role, ProjectPaths paths) {
        Manifest.Hashed given = then.given().get(role);
        return given == null ? null : paths.resolve(given.file());
    }

    private static String why(Manifest then, Manifest now) {
        StringBuilder why = new StringBuilder();
        then.machine().forEach((what, was) -> {
            String is = now.machine().get(what);
            if (!was.equals(is)) {
                why.append(why.length() == 0 ? "" : ", ")
                        .append(what)
                        .append(' ')
                        .append(was)
                        .append(" then, ")
                        .append(is)
                        .append(" now");
            }
        });
        return why.length() > 0
                ? why.toString()
                : !then.program().equals(now.program())
                        ? then.program() + " then, " + now.program() + " now"
                        : "the processor may be another";
    }

    private static void same(Path manifest, ProjectPaths paths, String what, Manifest.Hashed was) {
        Path file = paths.resolve(was.file());
        if (!Files.isRegularFile(file)) {
            throw Problem.in(
                    "again", file, what + " of " + manifest.getFileName(), Input.kind(file), "put the file back");
        }
        String is = Sha256.of(file);
        if (!is.equals(was.sha256())) {
            throw Problem.in(
                    "again",
                    file,
                    what + " of " + manifest.getFileName() + " with SHA-256 " + was.sha256(),
                    is,
                    "put the file back that was there then");
        }
    }
}
