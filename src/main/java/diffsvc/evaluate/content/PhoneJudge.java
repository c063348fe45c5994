package diffsvc.evaluate.content;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.evaluate.Better;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Judge;
import diffsvc.evaluate.JudgeFile;
import diffsvc.evaluate.Measure;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.hparams.EncoderKind;
import diffsvc.hparams.Precision;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.EngineLock;
import diffsvc.training.LabelledSpeech;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * Compares phones of the output with those of the song, as this project's own content encoder names them: the label
 * whose vector is nearest to a unit, every 20 ms ({@link diffsvc.training.ContentTraining}). A voice that is trained on
 * units of the very same encoder has no independent witness in this figure: an output may please the encoder and say
 * nothing to a person.
 */
public final class PhoneJudge implements Judge {
    /** The encoder's file, which is part of this project. */
    public static final JudgeFile ENCODER = new JudgeFile(
            "frozen/content_demo.pt",
            "57c7dc039e69eb3f8609363ee85bef70d171b7832857a130fa0c3c4a83c59054",
            6_554_669,
            "Apache-2.0",
            "this project");

    private static final Measure
            PER =
                    new Measure(
                            "per",
                            "share",
                            Better.LOWER,
                            2,
                            "phone error rate by this project's content encoder: edits of the row of phones over the "
                                    + "song's phones; not independent of voices that hear by it"),
            MATCH =
                    new Measure(
                            "phone-match",
                            "share",
                            Better.HIGHER,
                            2,
                            "frames of 20 ms that have the song's phone at the same time, where the song is not silent; "
                                    + "by the same encoder, and sensitive to timing");

    /** The figures it gives, in their order. */
    public static final List<Measure> MEASURES = List.of(PER, MATCH);

    private static final int HEADS = 4, HOP = EncoderKind.HUBERT_SOFT.hopSamples();
    /**
     * Units of a phone, 60 ms; the encoder wavers: counting shorter runs, a copy synthesis has half its phones wrong.
     */
    private static final int SHORTEST = 3;

    private static final int PAUSE = LabelledSpeech.PHONES.indexOf("pau");

    /** 30 s: attention over a whole song would take gigabytes, and pieces of whole hops keep the clock. */
    private static final int PIECE = 1500 * HOP;

    private final NDManager manager = ComputeDevice.CPU.newManager();
    private final HubertSoft encoder;
    private final Map<Sound, int[]> heard = Collections.synchronizedMap(new WeakHashMap<>());

    /**
     * Opens the encoder.
     *
     * @throws Problem when its file is not there, or holds another network
     */
    public PhoneJudge(ProjectPaths paths) {
        try (EngineLock lock = EngineLock.take("evaluate")) {
            encoder = HubertSoft.load(manager, ENCODER.at(paths), HEADS);
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
        if (encoder.sizes().labels() != LabelledSpeech.PHONES.size()) {
            int labels = encoder.sizes().labels();
            close();
            throw Problem.in(
                    "evaluate",
                    ENCODER.at(paths),
                    "an encoder with " + LabelledSpeech.PHONES.size() + " phone labels",
                    String.valueOf(labels),
                    "put the project's own file back");
        }
    }

    @Override
    public List<Figure> judge(Subject subject) {
        if (subject.source() == null) {
            return List.of();
        }
        int[] wanted = labels(subject.source()), came = labels(subject.output());
        return List.of(
                new Figure(PER, ErrorRate.of(phones(wanted), phones(came)).rate()),
                new Figure(MATCH, match(wanted, came)));
    }

    /**
     * The phone of each unit, an index into {@link LabelledSpeech#PHONES}; 50 a second. All are pauses where the
     * recording is silent or shorter than a syllable.
     *
     * @throws Problem for NaN in the recording
     */
    public int[] labels(Sound sound) {
        return heard.computeIfAbsent(
                        sound, s -> Audible.is(s) ? named(Audible.levelled(s).wave()) : silence(s))
                .clone();
    }

    private static int[] silence(Sound sound) {
        int[] labels = new int[(int) (sound.seconds() * HubertSoft.RATE_HZ / HOP)];
        Arrays.fill(labels, PAUSE);
        return labels;
    }

    private int[] named(Wave wave) {
        try (EngineLock lock = EngineLock.take("evaluate");
                NDManager scratch = manager.newSubManager()) {
            NDList units = new NDList();
            for (int from = 0; HubertSoft.frames(wave.samples() - from) > 0; from += PIECE) {
                EngineLock.check("evaluate", from / HubertSoft.RATE_HZ + " s into a song");
                units.add(encoder.units(
                        scratch, wave.samples(from, Math.min(wave.samples(), from + PIECE)), Precision.FLOAT32));
            }
            NDArray all = NDArrays.concat(units, 1); // [1, P, H]
            return Arrays.stream(encoder.logits(all).argMax(2).toLongArray())
                    .mapToInt(Math::toIntExact)
                    .toArray();
        }
    }

    /**
     * The phones one after the other, without how long and without pauses: runs of {@value #SHORTEST} units and more,
     * with what is shorter between two of one label left out.
     */
    static List<Integer> phones(int[] labels) {
        List<Integer> phones = new ArrayList<>();
        int last = PAUSE;
        for (int from = 0, to = 0; from < labels.length; from = to) {
            while (to < labels.length && labels[to] == labels[from]) {
                to++;
            }
            if (to - from >= SHORTEST && labels[from] != last) {
                last = labels[from];
                if (last != PAUSE) {
                    phones.add(last);
                }
            }
        }
        return phones;
    }

    /**
     * Share of the frames with sound in {@code wanted} that have its label; a frame behind the other's end has none.
     */
    static double match(int[] wanted, int[] came) {
        int sounding = 0, same = 0;
        for (int i = 0; i < wanted.length; i++) {
            sounding += wanted[i] == PAUSE ? 0 : 1;
            same += wanted[i] != PAUSE && i < came.length && came[i] == wanted[i] ? 1 : 0;
        }
        return sounding == 0 ? Double.NaN : same / (double) sounding;
    }

    @Override
    public void close() {
        encoder.close();
        manager.close();
    }
}
