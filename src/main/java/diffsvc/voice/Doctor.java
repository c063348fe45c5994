package diffsvc.voice;

import ai.djl.engine.Engine;
import diffsvc.files.Remembered;
import diffsvc.hparams.EncoderKind;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.PitchKind;
import diffsvc.hparams.Precision;
import diffsvc.hparams.ProjectPaths;
import diffsvc.hparams.VocoderKind;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.GpuReport;
import diffsvc.platform.ProcessMemory;
import diffsvc.platform.Processor;
import diffsvc.platform.Reach;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Checks whether this machine has what the workbench needs: Java, Python, the kernel, the native library, the
 * processor, precision, memory, GPU, models, disk, and the self-test of what reaches into other software
 * ({@link Reach}).
 *
 * @param lines in that order
 */
public record Doctor(List<Line> lines) {
    private static final long LEAST_MEMORY = 700L << 20, LEAST_DISK = 1L << 30;

    /** How a finding is graded. */
    public enum Grade {
        /** Present and usable. */
        OK,
        /** Optional: only some uses need it. */
        MISSING,
        /** Required: the demo cannot run, or the notebooks cannot open. */
        WRONG
    }

    /**
     * One finding.
     *
     * @param what was checked
     * @param found what is there
     * @param remedy what to do; empty for {@link Grade#OK}
     */
    public record Line(Grade grade, String what, String found, String remedy) {}

    /** A frozen file: what it is for. */
    private record Frozen(String file, String purpose, String remedy) {}

    private static final List<Frozen> FROZEN = frozen();

    private static List<Frozen> frozen() {
        List<Frozen> frozen = new ArrayList<>();
        frozen.add(new Frozen(
                "content_demo.pt",
                "phones for evaluate; a small content encoder, to train with",
                "take it from the repository again"));
        for (EncoderKind kind : EncoderKind.values()) {
            Frozen of = new Frozen(kind.file(), kind.purpose(), kind.source());
            if (!frozen.contains(of)) { // two kinds read Whisper's file
                frozen.add(of);
            }
        }
        for (VocoderKind kind : VocoderKind.values()) {
            if (kind.hasWeights()) {
                frozen.add(new Frozen(kind.file(), kind.purpose(), kind.source()));
            }
        }
        frozen.add(new Frozen(
                "xiaoma_pe_*.pt",
                "F0 from a mel, for 24 kHz voices with pe_enable",
                "the Python project's release, as models/frozen/xiaoma_pe_[steps].pt"));
        for (PitchKind kind : PitchKind.values()) {
            if (kind.hasWeights()) {
                frozen.add(new Frozen(kind.file(), kind.purpose(), kind.source()));
            }
        }
        return List.copyOf(frozen);
    }

    /** Checks everything, the voices and frozen files under {@code paths} included. */
    public static Doctor machine(ProjectPaths paths) {
        List<Line> lines = new ArrayList<>();
        lines.add(java());
        lines.addAll(python(paths.root()));
        lines.add(library());
        lines.add(processor());
        lines.add(precision(paths));
        lines.add(memory());
        lines.add(gpu(paths.root()));
        lines.addAll(models(paths).lines());
        lines.add(disk(paths.root()));
        lines.addAll(reaches());
        return new Doctor(lines);
    }

    /** The self-test of what reaches into the insides of other software. */
    private static List<Line> reaches() {
        return Stream.of(Reach.values())
                .map(Reach::finding)
                .map(f -> f.works()
                        ? new Line(
                                Grade.OK,
                                f.reach().key(),
                                f.version() + ": " + f.reach().purpose(),
                                "")
                        : new Line(
                                Grade.MISSING,
                                f.reach().key(),
                                f.version() + ": " + f.reason(),
                                "optional; without it " + f.reach().without()))
                .toList();
    }

    /** Checks only the models: voices, then frozen files. */
    public static Doctor models(ProjectPaths paths) {
        ModelFiles files = ModelFiles.in(paths.models());
        List<Line> lines = new ArrayList<>();
        List<String> voices = files.projects();
        lines.add(
                voices.contains("demo")
                        ? new Line(Grade.OK, "voices", String.join(", ", voices), "")
                        : new Line(
                                Grade.WRONG,
                                "voices",
                                voices.isEmpty() ? "none" : String.join(", ", voices) + ", but not demo",
                                "restore models/demo from the repository"));
        for (Frozen f : FROZEN) {
            Path at = found(paths.models(), f.file());
            boolean ours = f.file().startsWith("content_demo")
                    || f.file().equals(EncoderKind.WHISPER.file()); // part of the checkout
            lines.add(
                    at != null
                            ? new Line(
                                    Grade.OK,
                                    f.file(),
                                    f.purpose() + ", "
                                            + ProcessMemory.shown(at.toFile().length()),
                                    "")
                            : new Line(ours ? Grade.WRONG : Grade.MISSING, f.file(), f.purpose(), f.remedy()));
        }
        return new Doctor(lines);
    }

    private static Path found(Path models, String name) {
        String start = name.contains("*") ? name.substring(0, name.indexOf('*')) : name,
                end = name.contains("*") ? name.substring(name.indexOf('*') + 1) : "";
        for (Path folder :
                List.of(models.resolve("frozen"), models.resolve(name.replaceAll("[_.]\\*.*|\\.pth?$", "")), models)) {
            try (Stream<Path> files = Files.isDirectory(folder) ? Files.list(folder) : Stream.empty()) {
                Path one = files.filter(f -> name.contains("*")
                                ? f.getFileName().toString().startsWith(start)
                                        && f.getFileName().toString().endsWith(end)
                                : f.getFileName().toString().equals(name))
                        .findFirst()
                        .orElse(null);
                if (one != null) {
                    return one;
                }
            } catch (IOException e) {
                // a folder that cannot be read counts as empty
            }
        }
        return null;
    }

    private static Line java() {
        int version = Runtime.version().feature();
        boolean jdk = Files.exists(Path.of(System.getProperty("java.home"), "lib", "ct.sym"));
        return new Line(
                version < 17 || !jdk ? Grade.WRONG : Grade.OK,
                "java",
                Runtime.version() + (jdk ? "" : ", without a compiler"),
                version < 17 || !jdk
                        ? "install a JDK 17 or newer (Debian: apt-get install openjdk-17-jdk-headless)"
                        : "");
    }

    private static List<Line> python(Path root) {
        String python = System.getenv().getOrDefault("PYTHON", "python3"), version = firstLine(python, "--version");
        String[] parts = version == null
                ? new String[0]
                : version.replaceAll("[^0-9.]", "").split("\\.");
        boolean fits = parts.length >= 2
                && (Integer.parseInt(parts[0]) > 3
                        || Integer.parseInt(parts[0]) == 3 && Integer.parseInt(parts[1]) >= 9);
        Path kernel = root.resolve(".venv/share/jupyter/kernels/diffsvc/kernel.json"),
                jupyter = root.resolve(".venv/bin/jupyter");
        return List.of(
                new Line(
                        fits ? Grade.OK : Grade.WRONG,
                        "python",
                        version == null ? "no " + python : version,
                        fits
                                ? ""
                                : "install Python 3.9 or newer with venv for notebooks "
                                        + "(Debian: apt-get install python3 python3-venv), or set PYTHON to one"),
                Files.exists(jupyter) && Files.exists(kernel)
                        ? new Line(Grade.OK, "kernel", "Java (DiffSVC), in .venv", "")
                        : new Line(
                                Grade.MISSING,
                                "kernel",
                                "not installed yet",
                                "run ./diffsvc lab once, with a network connection"));
    }

    private static Line library() {
        try {
            Engine engine = Engine.getInstance();
            String own = System.getenv("PYTORCH_LIBRARY_PATH");
            return new Line(
                    Grade.OK,
                    "library",
                    engine.getEngineName() + " " + engine.getVersion() + ", " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch") + (own == null ? "" : ", from " + own),
                    "");
        } catch (Exception | LinkageError e) {
            return new Line(
                    Grade.WRONG,
                    "library",
                    String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
                    "pom.xml has profiles for Linux, macOS (aarch64) and Windows; run 'mvn package' "
                            + "and look for pytorch-native-cpu in target/lib");
        }
    }

    private static Line processor() {
        int cores = Runtime.getRuntime().availableProcessors();
        List<String> words = Processor.flags(),
                has =
                        Stream.of("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16")
                                .filter(words::contains)
                                .toList();
        boolean slow = !words.isEmpty() && !words.contains("avx2");
        return new Line(
                slow ? Grade.MISSING : Grade.OK,
                "processor",
                cores + " cores" + (has.isEmpty() ? "" : ", " + String.join(" ", has)),
                slow
                        ? "without AVX2 the networks take several times as long; "
                                + "use a newer machine if that is too slow"
                        : "");
    }

    /** What auto is here: as a conversion decides it, from the same measurement. */
    private static Line precision(ProjectPaths paths) {
        try {
            AutoPrecision auto = AutoPrecision.in(new Remembered(paths.cache()));
            String reason = auto.reason(ComputeDevice.auto());
            Precision cpu = auto.of(Precision.AUTO, Hparams.Quirks.FIXED, ComputeDevice.CPU);
            if (cpu == Precision.FLOAT32 || !Files.isDirectory(paths.models().resolve("demo"))) {
                return new Line(Grade.OK, "precision", reason, "");
            }
            return precision(reason, FastPath.of(paths, "demo", cpu));
        } catch (Exception | LinkageError e) {
            return new Line(Grade.MISSING, "precision", "unknown", "first solve the item 'library'");
        }
    }

    static Line precision(String reason, FastPath tried) {
        return tried.isNear()
                ? new Line(Grade.OK, "precision", reason + "; " + tried, "")
                : new Line(
                        Grade.WRONG,
                        "precision",
                        reason + "; " + tried + ", more than " + FastPath.MOST_MEL,
                        "pass --precision float32, and report this processor");
    }

    private static Line memory() {
        long limit = ProcessMemory.limit();
        return limit > 0 && limit < LEAST_MEMORY
                ? new Line(
                        Grade.WRONG,
                        "memory",
                        ProcessMemory.shown(limit),
                        "the demo needs " + ProcessMemory.shown(LEAST_MEMORY) + "; raise the container's limit")
                : new Line(Grade.OK, "memory", limit > 0 ? ProcessMemory.shown(limit) : "unknown", "");
    }

    private static Line gpu(Path root) {
        try {
            return gpu(GpuReport.ofMachine(), Files.exists(root.resolve(".venv/.gpu")));
        } catch (Exception | LinkageError e) {
            return new Line(Grade.MISSING, "gpu", "unknown", "first solve the item 'library'");
        }
    }

    /**
     * What is there and what is missing for a GPU; a machine without one is well.
     *
     * @param setUp whether ./diffsvc setup gpu has run
     */
    static Line gpu(GpuReport report, boolean setUp) {
        if (report.ready()) {
            return new Line(
                    Grade.OK,
                    "gpu",
                    report.gpus().stream()
                            .map(g -> new ComputeDevice(g) + ", compute capability " + g.capability() / 10 + "."
                                    + g.capability() % 10 + ", " + ProcessMemory.shown(g.freeBytes()) + " of "
                                    + ProcessMemory.shown(g.totalBytes()) + " free")
                            .collect(Collectors.joining("; ")),
                    "");
        }
        if (!report.driver() && !setUp) {
            return new Line(Grade.OK, "gpu", "none; everything runs on the CPU", "");
        }
        String names = report.gpus().stream().map(GpuReport.Gpu::name).collect(Collectors.joining(", "));
        boolean refused = !report.gpus().isEmpty() && setUp;
        return new Line(
                Grade.MISSING,
                "gpu",
                (names.isEmpty() ? "" : names + ": ")
                        + (refused ? "an engine that does not accept its driver" : report.lack())
                        + (setUp ? "; the libraries are set up" : ""),
                (refused ? "update the driver: CUDA 12.6 needs 525 or newer" : report.remedy())
                        + "; until then everything runs on the CPU");
    }

    private static Line disk(Path root) {
        try {
            FileStore store = Files.getFileStore(root);
            long free = store.getUsableSpace();
            boolean writable = Files.isWritable(root.resolve("output"));
            return !writable
                    ? new Line(
                            Grade.WRONG,
                            "disk",
                            "output/ cannot be written",
                            "make it writable, or choose another folder with --out")
                    : free < LEAST_DISK
                            ? new Line(
                                    Grade.WRONG,
                                    "disk",
                                    ProcessMemory.shown(free) + " free",
                                    "free some space: a song needs 10 MB per minute, a training some GB")
                            : new Line(Grade.OK, "disk", ProcessMemory.shown(free) + " free", "");
        } catch (IOException e) {
            return new Line(Grade.MISSING, "disk", e.getMessage(), "check the file system");
        }
    }

    /** The first line that a program prints; null without such a program. */
    private static String firstLine(String... command) {
        try {
            Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
            p.getOutputStream().close();
            String text = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return p.waitFor(10, TimeUnit.SECONDS) && p.exitValue() == 0
                    ? text.lines().findFirst().orElse("")
                    : null;
        } catch (IOException e) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    /** Whether no finding is {@link Grade#WRONG}: the demo can run and the notebooks can open. */
    public boolean well() {
        return lines.stream().noneMatch(l -> l.grade() == Grade.WRONG);
    }

    /** One row for each finding: grade, what, found, remedy. */
    public Table table() {
        Table table = Table.create(
                "doctor",
                StringColumn.create("grade"),
                StringColumn.create("what"),
                StringColumn.create("found"),
                StringColumn.create("remedy"));
        for (Line l : lines) {
            table.stringColumn(0).append(l.grade().name().toLowerCase(Locale.ROOT));
            table.stringColumn(1).append(l.what());
            table.stringColumn(2).append(l.found());
            table.stringColumn(3).append(l.remedy());
        }
        return table;
    }
}
