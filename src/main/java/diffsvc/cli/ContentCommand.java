package diffsvc.cli;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.training.ContentTraining;
import diffsvc.training.LabelledSpeech;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Trains a small content encoder on labelled speech. */
@Command(
        name = "train-content",
        description = "Trains a small content encoder on a corpus with known phones (src/corpus/make_corpus.py).",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class ContentCommand implements Callable<Integer> {
    private static final String STAGE = "content";
    private static final int SIZES = 6, SAVE_EVERY = 1000, JUDGED_CLIPS = 40;

    @Parameters(
            index = "0",
            paramLabel = "CORPUS",
            description = "folder with encoder/ and heldout/, each with index.tsv; relative to the current directory")
    String corpus;

    @Option(names = "--out", required = true, description = "file to write (.pt), relative to the current directory")
    String out;

    @Option(names = "--overwrite", description = "replace an existing file, but never the one of --from")
    boolean overwrite;

    @Option(names = "--steps", defaultValue = "2500", description = "updates (default ${DEFAULT-VALUE})")
    long steps;

    @Option(
            names = "--minutes",
            defaultValue = "100000",
            description = "stop after this many minutes if that comes first")
    double minutes;

    @Option(
            names = "--batch",
            defaultValue = "12",
            description = "crops of 2 s in an update (default ${DEFAULT-VALUE})")
    int batch;

    @Option(names = "--lr", defaultValue = "1e-3", description = "highest learning rate (default ${DEFAULT-VALUE})")
    double lr;

    @Option(
            names = "--sizes",
            defaultValue = "96,160,4,4,640,128",
            description = "conv channels, width, layers, heads, feed-forward, units (default ${DEFAULT-VALUE})")
    String sizes;

    @Option(
            names = "--from",
            description = "encoder file to begin from, relative to the current directory; it decides the sizes")
    String from;

    @Option(
            names = "--sung",
            defaultValue = "0",
            description = "share of the clips to add as song made by the vocoder, 0 to 1 (default ${DEFAULT-VALUE})")
    double sung;

    @Mixin
    DeviceOption device = new DeviceOption();

    @Option(names = "--seed", defaultValue = "1", description = "random seed (default ${DEFAULT-VALUE})")
    long seed;

    /** Six positive whole numbers; the width is a multiple of the heads. */
    private static int[] sizes(String text) {
        String[] parts = text.split(",", -1);
        boolean fits = parts.length == SIZES
                && Arrays.stream(parts).allMatch(p -> p.strip().matches("[1-9]\\d{0,3}"));
        int[] s = fits
                ? Arrays.stream(parts)
                        .mapToInt(p -> Integer.parseInt(p.strip()))
                        .toArray()
                : new int[SIZES];
        if (!fits || s[1] % s[3] != 0) {
            throw Problem.in(
                    STAGE,
                    "--sizes of six positive whole numbers below 10000, the second (width) a multiple "
                            + "of the fourth (heads)",
                    "\"" + text + "\"",
                    "write for instance --sizes 96,160,4,4,640,128");
        }
        return s;
    }

    @Override
    public Integer call() {
        Bound.whole(STAGE, "--steps", steps, 1, 1_000_000_000);
        Bound.number(STAGE, "--minutes", minutes, 1e-3, 1e9);
        Bound.whole(STAGE, "--batch", batch, 1, 4096);
        Bound.number(STAGE, "--lr", lr, 1e-9, 1);
        Bound.number(STAGE, "--sung", sung, 0, 1);
        int[] s = sizes(sizes);
        ProjectPaths paths = ProjectPaths.find();
        Path folder = ProjectPaths.here(corpus),
                encoder = from == null ? null : Input.require(STAGE, ProjectPaths.here(from), "an encoder's file"),
                named = ProjectPaths.here(out);
        Output output = new Output(overwrite, Arrays.asList(encoder));
        Path target = output.require(STAGE, named, Output.Owner.NOBODY);
        if (target.startsWith(Output.real(folder)) && Files.exists(target)) {
            throw Problem.in(
                    STAGE, named, "a file outside the corpus that is read", "one of its files", "choose another name");
        }
        Output.tryOut(STAGE, target, 0);
        ComputeDevice on = device.chosen();
        LabelledSpeech speech = LabelledSpeech.read(folder.resolve("encoder"));
        LabelledSpeech heldOut = Files.exists(folder.resolve("heldout/index.tsv"))
                ? LabelledSpeech.read(folder.resolve("heldout"))
                : speech;
        LabelledSpeech sungHeldOut = heldOut.asSong(Hparams.defaults(), 1, seed + 1);
        speech = sung > 0 ? speech.withSong(Hparams.defaults(), sung, seed) : speech;
        HubertSoft.Sizes net = new HubertSoft.Sizes(s[0], s[1], s[2], s[3], s[4], s[5], LabelledSpeech.PHONES.size());
        try (NDManager manager = on.newManager();
                ContentTraining training = from == null
                        ? new ContentTraining(manager, net, speech, seed)
                        : new ContentTraining(manager, encoder, s[3], speech, seed)) {
            System.out.printf(
                    "content    %d clips, %d parameters, %s%n",
                    speech.clips().size(), training.net().weights().parameters(), on);
            ContentTraining.Plan plan = new ContentTraining.Plan(
                    steps, Duration.ofMillis(Math.round(minutes * 60_000)), batch, lr, SAVE_EVERY);
            try (ConsoleProgress bar = new ConsoleProgress()) {
                training.train(plan, bar, loss -> bar.message(String.format(Locale.ROOT, "loss %.3f", loss)), () -> {
                    training.save(target);
                    bar.line(judged(training, heldOut, sungHeldOut));
                });
            }
            System.out.printf("wrote      %s after %d updates%n", paths.shown(named), training.step());
        }
        return 0;
    }

    /** Share of correctly classified frames of a voice that the encoder was not trained on, as speech and as song. */
    private static String judged(ContentTraining training, LabelledSpeech spoken, LabelledSpeech sung) {
        return String.format(
                Locale.ROOT,
                "held out   step %d: %.1f %% of the frames of speech classified correctly, %.1f %% of song",
                training.step(),
                100 * training.accuracy(spoken, JUDGED_CLIPS),
                100 * training.accuracy(sung, JUDGED_CLIPS));
    }
}
