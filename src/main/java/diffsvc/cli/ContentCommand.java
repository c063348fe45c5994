package diffsvc.cli;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectPaths;
import diffsvc.training.ContentTraining;
import diffsvc.training.LabelledSpeech;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
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
    private static final int SIZES = 6;

    @Parameters(
            index = "0",
            paramLabel = "CORPUS",
            description = "folder with encoder/ and heldout/, each with index.tsv, taken from where you stand")
    String corpus;

    @Option(names = "--out", required = true, description = "file to write, .pt, taken from where you stand")
    String out;

    @Option(names = "--overwrite", description = "replace a file that is there already, but never the one of --from")
    boolean overwrite;

    @Option(names = "--steps", defaultValue = "2500", description = "updates (default ${DEFAULT-VALUE})")
    long steps;

    @Option(
            names = "--minutes",
            defaultValue = "100000",
            description = "stop after so many minutes if that comes first")
    double minutes;

    @Option(names = "--batch", defaultValue = "12", description = "crops of 2 s an update (default ${DEFAULT-VALUE})")
    int batch;

    @Option(names = "--lr", defaultValue = "1e-3", description = "highest rate (default ${DEFAULT-VALUE})")
    double lr;

    @Option(
            names = "--sizes",
            defaultValue = "96,160,4,4,640,128",
            description = "conv channels, width, layers, heads, feed-forward, units (default ${DEFAULT-VALUE})")
    String sizes;

    @Option(
            names = "--from",
            description = "an encoder's file to go on from, taken from where you stand; its sizes hold")
    String from;

    @Option(
            names = "--sung",
            defaultValue = "0",
            description = "share of the clips to add as the vocoder sings them, 0 to 1 (default ${DEFAULT-VALUE})")
    double sung;

    @Option(names = "--seed", defaultValue = "1")
    long seed;

    /** Six positive whole numbers; the width is a multiple of the heads. */
    private static int[] sizes(String text) {
        String[] parts = text.split(",", -1);
        boolean fits = parts.length == SIZES
                && java.util.Arrays.stream(parts).allMatch(p -> p.strip().matches("[1-9]\\d{0,3}"));
        int[] s = fits
                ? java.util.Arrays.stream(parts)
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
        Output output = new Output(overwrite, java.util.Arrays.asList(encoder));
        Path target = output.require(STAGE, named, Output.Owner.NOBODY);
        if (target.startsWith(Output.real(folder)) && Files.exists(target)) {
            throw Problem.in(
                    STAGE, named, "a file outside the corpus that is read", "one of its files", "choose another name");
        }
        Output.tryOut(STAGE, target, 0);
        LabelledSpeech speech = LabelledSpeech.read(folder.resolve("encoder"));
        LabelledSpeech heldOut = Files.exists(folder.resolve("heldout/index.tsv"))
                ? LabelledSpeech.read(folder.resolve("heldout"))
                : speech;
        List<LabelledSpeech> judges = List.of(heldOut, heldOut.sung(Hparams.defaults(), 1, seed + 1));
        speech = sung > 0 ? speech.withSung(Hparams.defaults(), sung, seed) : speech;
        HubertSoft.Sizes net = new HubertSoft.Sizes(s[0], s[1], s[2], s[3], s[4], s[5], LabelledSpeech.PHONES.size());
        try (NDManager manager = NDManager.newBaseManager();
                ContentTraining training = from == null
                        ? new ContentTraining(manager, net, speech, seed)
                        : new ContentTraining(manager, encoder, s[3], speech, seed)) {
            System.out.printf(
                    "content  %d clips, %d parameters, %s%n",
                    speech.clips().size(), training.net().weights().parameters(), manager.getDevice());
            long start = System.nanoTime();
            double mean = 0;
            while (true) {
                double elapsed = (System.nanoTime() - start) / 6e10,
                        progress = Math.max(training.step() / (double) steps, elapsed / minutes);
                if (progress >= 1) {
                    break;
                }
                double loss = training.update(batch, lr, progress);
                mean = training.step() == 1 ? loss : 0.98 * mean + 0.02 * loss;
                if (training.step() % 100 == 0) {
                    System.out.printf("step %d  loss %.3f  %.2f min%n", training.step(), mean, elapsed);
                }
                if (training.step() % 1000 == 0) {
                    System.out.printf(
                            "held-out voice: %.1f %% of frames named right, sung %.1f %%%n",
                            100 * training.accuracy(judges.get(0), 20), 100 * training.accuracy(judges.get(1), 20));
                    training.save(target);
                }
            }
            training.save(target);
            System.out.printf(
                    "held-out voice: %.1f %% of frames named right, sung %.1f %%; wrote %s after %d updates%n",
                    100 * training.accuracy(judges.get(0), 40),
                    100 * training.accuracy(judges.get(1), 40),
                    paths.shown(named),
                    training.step());
        }
        return 0;
    }
}
