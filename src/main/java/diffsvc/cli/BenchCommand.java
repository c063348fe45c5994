package diffsvc.cli;

import com.google.gson.GsonBuilder;
import diffsvc.bench.Bench;
import diffsvc.bench.BenchStage;
import diffsvc.bench.Peer;
import diffsvc.bench.StageTimes;
import diffsvc.bench.Timing;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.files.Output;
import diffsvc.files.Remembered;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.EngineThreads;
import diffsvc.plot.Picture;
import diffsvc.voice.AutoPrecision;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Times stages at the published sizes, alone or in turns with PyTorch. */
@Command(
        name = "bench",
        description = "Times stages at the published sizes, with random weights; --peer: in turns with PyTorch.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class BenchCommand implements Callable<Integer> {
    private static final int WARM_UP = 10, FLAME_WARM_UP = 3;

    @Option(
            names = "--stages",
            defaultValue = "train",
            description =
                    "all, or of mel,f0,f0-crepe,f0-crepe-tiny,f0-mel,hubert,denoiser,vocoder,end-to-end,train,start"
                            + " (default ${DEFAULT-VALUE})")
    String stages;

    @Option(names = "--seconds", defaultValue = "6", description = "length of the sound (default ${DEFAULT-VALUE})")
    double seconds;

    @Option(names = "--repeat", defaultValue = "5", description = "timed repetitions (default ${DEFAULT-VALUE})")
    int repeat;

    @Option(names = "--rounds", defaultValue = "5", description = "turns with --peer (default ${DEFAULT-VALUE})")
    int rounds;

    @Option(names = "--threads", description = "threads of the engine, at most four per core (default: all cores)")
    Integer threads;

    @Mixin
    DeviceOption device = new DeviceOption();

    @Option(
            names = "--precision",
            defaultValue = "auto",
            description = "of conversions: auto, float32, mixed, bfloat16 or float16 (default ${DEFAULT-VALUE})")
    String precision;

    @Option(names = "--peer", paramLabel = "PYTHON", description = "interpreter with torch and numpy for bench/peer.py")
    String peer;

    @Option(names = "--json", description = "print one JSON object with the keys of bench/peer.py, and nothing else")
    boolean json;

    @Option(
            names = "--flame",
            paramLabel = "FILE",
            description = "with --stages end-to-end: a picture of where the time of a conversion goes, .png or .svg,"
                    + " and the same as a table")
    String flame;

    @Option(names = "--overwrite", description = "replace the picture")
    boolean overwrite;

    @Option(names = "--hparams", defaultValue = "", description = "overrides: key=value, separated by commas")
    String overrides;

    /** One stage: ours in each round, and how many times as long the peer took. */
    private record Row(BenchStage stage, Timing ours, Timing peer, Timing ratio) {}

    @Override
    public Integer call() {
        Bound.whole("bench", "--repeat", repeat, 1, 10_000);
        Bound.whole("bench", "--rounds", rounds, 1, 1000);
        List<BenchStage> chosen = BenchStage.named(stages);
        ComputeDevice on = device.chosen();
        Precision asked = Precision.named("options", "--precision", precision);
        if (threads != null) {
            EngineThreads.require("--threads", threads, 1);
            EngineThreads.use(threads);
        }
        Precision decided =
                AutoPrecision.in(new Remembered(ProjectPaths.find().cache())).of(asked, Hparams.Quirks.FIXED, on);
        if (flame != null) {
            return flame(chosen, decided, on);
        }
        List<Row> rows = new ArrayList<>();
        try (Bench bench = new Bench(seconds, decided, overrides, on);
                ConsoleProgress bar = new ConsoleProgress()) {
            for (BenchStage stage : chosen) {
                Row row = row(bench, stage, bar);
                rows.add(row);
                if (!json) {
                    print(row);
                }
            }
        }
        if (json) {
            System.out.println(new GsonBuilder().setPrettyPrinting().create().toJson(tree(rows, decided, on)));
        }
        return 0;
    }

    private int flame(List<BenchStage> chosen, Precision decided, ComputeDevice on) {
        if (!chosen.equals(List.of(BenchStage.END_TO_END)) || peer != null || json) {
            throw Problem.in(
                    "options",
                    "--flame with --stages end-to-end, without --peer and --json",
                    "--stages " + stages + (peer == null ? "" : " --peer") + (json ? " --json" : ""),
                    "run it alone");
        }
        Path picture = Picture.named(ProjectPaths.here(flame));
        picture = new Output(overwrite, List.of()).require("bench", picture, Output.Owner.NOBODY);
        Output.tryOut("bench", picture, 0);
        StageTimes times;
        try (Bench bench = new Bench(seconds, decided, overrides, on)) {
            times = bench.stageTimes(FLAME_WARM_UP, repeat);
        }
        print(new Row(BenchStage.END_TO_END, times.timing(), null, null));
        times.table().forEach(System.out::println);
        String length = BigDecimal.valueOf(seconds).stripTrailingZeros().toPlainString(),
                of = length + " s of song, precision " + decided.text() + ", " + EngineThreads.count() + " threads";
        times.picture(of).save(picture);
        System.out.println("picture: " + ProjectPaths.find().shown(picture));
        return 0;
    }

    private Row row(Bench bench, BenchStage stage, ConsoleProgress bar) {
        int warmUp = stage == BenchStage.TRAIN ? WARM_UP : 1, times = repeat * stage.often();
        if (peer == null || !stage.hasPeer()) {
            return new Row(stage, bench.time(stage, warmUp, times), null, null);
        }
        Peer python = new Peer(peer, ProjectPaths.find().resolve("bench/peer.py"));
        List<Double> ours = new ArrayList<>(), theirs = new ArrayList<>(), ratios = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            ours.add(bench.time(stage, i == 0 ? warmUp : 1, times).median());
            theirs.add(python.median(stage, seconds, EngineThreads.count(), repeat));
            ratios.add(theirs.get(i) / ours.get(i));
            bar.at(stage.text(), i + 1, rounds);
        }
        return new Row(stage, new Timing(ours), new Timing(theirs), new Timing(ratios));
    }

    private void print(Row row) {
        System.out.printf(
                Locale.ROOT,
                "%-13s min %.4f s, median %.4f s%s%n",
                row.stage.text(),
                row.ours.min(),
                row.ours.median(),
                row.peer == null
                        ? peer == null ? "" : "; PyTorch has no such stage here"
                        : String.format(
                                Locale.ROOT,
                                "; peer %.4f s, %.2f times as long",
                                row.peer.median(),
                                row.ratio.median()));
    }

    private Map<String, Object> tree(List<Row> rows, Precision decided, ComputeDevice on) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("seconds_of_audio", seconds);
        tree.put("threads", EngineThreads.count());
        tree.put("precision", decided.text());
        tree.put("device", on.toString());
        for (Row row : rows) {
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("min_s", row.ours.min());
            figures.put("median_s", row.ours.median());
            if (row.peer != null) {
                figures.put("peer_median_s", row.peer.median());
                figures.put("peer_ratio", row.ratio.median());
            }
            tree.put(row.stage.key(), figures);
        }
        return tree;
    }
}
