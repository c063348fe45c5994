package diffsvc.evaluate.identity;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.evaluate.Better;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Judge;
import diffsvc.evaluate.JudgeFile;
import diffsvc.evaluate.Measure;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.evaluate.Target;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * Whether an output has the target's voice rather than the source's, by the {@link SpeakerEncoder}. Each recording is
 * embedded once, for as long as something refers to its {@link Sound}; each {@link Target} likewise.
 */
public final class IdentityJudge implements Judge {
    /** The network's file. */
    public static final JudgeFile WEIGHTS = new JudgeFile(
            "judges/resemblyzer.pt",
            "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
            17_090_379,
            "Apache-2.0",
            "resemblyzer 0.1.4");

    private static final Measure
            SIMILARITY =
                    new Measure(
                            "similarity",
                            "cosine",
                            Better.HIGHER,
                            3,
                            "cosine of the speaker embeddings of output and target: halves of one song have 0.85 to 0.91, different synthetic singers 0.65 to 0.87, noise 0.5; a recording 6 dB louder moves it by 0.03"),
            SOURCE =
                    new Measure(
                            "similarity-source",
                            "cosine",
                            Better.LOWER,
                            3,
                            "cosine of the speaker embeddings of output and source: how much of the first singer is left, and of the melody that both share"),
            IDENTITY =
                    new Measure(
                            "identity",
                            "cosine",
                            Better.HIGHER,
                            3,
                            "similarity minus similarity-source: above 0 the output is nearer to the target than to the source, and the source unchanged comes out last");

    /** The figures, in their order. */
    public static final List<Measure> MEASURES = List.of(SIMILARITY, SOURCE, IDENTITY);

    private final NDManager manager;
    private final SpeakerEncoder encoder;
    private final Map<Sound, Embedding> sounds = new WeakHashMap<>();
    private final Map<Target, Embedding> targets = new WeakHashMap<>();

    private IdentityJudge(NDManager manager, SpeakerEncoder encoder) {
        this.manager = manager;
        this.encoder = encoder;
    }

    /**
     * Opens the network.
     *
     * @throws Problem when the file is missing or damaged
     */
    public static IdentityJudge open(ProjectPaths paths) {
        NDManager manager = ComputeDevice.CPU.newManager();
        try {
            return new IdentityJudge(manager, SpeakerEncoder.load(manager, WEIGHTS.at(paths)));
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    /** For tests that need no weights. */
    static IdentityJudge random(SpeakerEncoder.Sizes sizes, long seed) {
        NDManager manager = ComputeDevice.CPU.newManager();
        return new IdentityJudge(manager, SpeakerEncoder.random(manager, sizes, seed));
    }

    /**
     * Whose voice a recording has; {@link Embedding#cosine} compares two. One without sound has none; one shorter than
     * 1.6 s is followed by silence, and says less.
     */
    public synchronized Embedding embedding(Sound sound) {
        return sounds.computeIfAbsent(sound, s -> encoder.embedding(s.at16kHz()));
    }

    /**
     * The target's voice: the direction of the mean over its recordings, a long one counting as much as a short one.
     */
    public synchronized Embedding embedding(Target target) {
        return targets.computeIfAbsent(
                target,
                t -> Embedding.mean(t.recordings().stream().map(this::embedding).toList()));
    }

    /** The three figures; without a source only the first. They are NaN where one of the recordings has no sound. */
    @Override
    public List<Figure> judge(Subject subject) {
        List<Figure> figures = new ArrayList<>();
        if (subject.target() == null) {
            return figures;
        }
        Embedding output = embedding(subject.output());
        double similarity = output.cosine(embedding(subject.target()));
        figures.add(new Figure(SIMILARITY, similarity));
        if (subject.source() != null) {
            double source = output.cosine(embedding(subject.source()));
            figures.add(new Figure(SOURCE, source));
            figures.add(new Figure(IDENTITY, similarity - source));
        }
        return figures;
    }

    @Override
    public void close() {
        encoder.close();
        manager.close();
    }
}
