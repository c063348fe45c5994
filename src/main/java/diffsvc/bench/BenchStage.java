package diffsvc.bench;

import diffsvc.check.Problem;
import diffsvc.check.Shown;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What can be timed. Those that PyTorch's peer has carry its names: {@code bench/peer.py}. */
public enum BenchStage {
    /** The mel of the sound. */
    MEL("mel", "mel", false, 1, AnalysisStages::mel),
    /** F0 by Praat's method. */
    F0("f0", "f0_praat", false, 1, AnalysisStages::praat),
    /** F0 by CREPE, full size. */
    F0_CREPE("f0-crepe", "f0_crepe", false, 1, AnalysisStages::crepe),
    /** F0 by CREPE, tiny. */
    F0_CREPE_TINY("f0-crepe-tiny", "f0_crepe_tiny", false, 1, AnalysisStages::crepeTiny),
    /** F0 of a 24 kHz mel, by xiaoma PE. */
    F0_MEL("f0-mel", "f0_mel", false, 1, AnalysisStages::melPitch),
    /** Content units by HuBERT-soft. */
    HUBERT("hubert", "hubert", true, 1, AnalysisStages::hubert),
    /** Content units by the encoder of Whisper tiny. */
    WHISPER("whisper", "whisper", false, 1, AnalysisStages::whisper),
    /** One evaluation of the denoiser. */
    DENOISER("denoiser", "denoiser_one_evaluation", true, 4, SynthesisStages::denoiser),
    /** NSF-HiFiGAN with its harmonic source. */
    VOCODER("vocoder", "vocoder", true, 1, SynthesisStages::vocoder),
    /** Wave to wave: F0, units, condition, sampling with 20 evaluations (the peer: 51), vocoder. */
    END_TO_END("end-to-end", "end_to_end", true, 1, ConversionStage::of),
    /** A joint training step with one clip. */
    TRAIN("train", "train_step", true, 1, TrainStage::of),
    /** A fresh process: the JVM, the engine, the demo voice where there is one. */
    START("start", "start", false, 1, StartStage::of);
    private final String text, key;
    private final boolean peer;
    private final int often;
    private final Function<BenchSetting, Runnable> work;

    BenchStage(String text, String key, boolean peer, int often, Function<BenchSetting, Runnable> work) {
        this.text = text;
        this.key = key;
        this.peer = peer;
        this.often = often;
        this.work = work;
    }

    /** What is timed; what it needs is open when this returns. */
    Runnable work(BenchSetting setting) {
        return work.apply(setting);
    }

    /** The name in {@code --stages}. */
    public String text() {
        return text;
    }

    /** The name in JSON. */
    public String key() {
        return key;
    }

    /** Whether bench/peer.py times it too. */
    public boolean hasPeer() {
        return peer;
    }

    /** How many times as often as the others it runs, because it is short. */
    public int often() {
        return often;
    }

    /**
     * The stages of a list, "hubert,denoiser"; "all" is every one.
     *
     * @throws Problem that lists all names
     */
    public static List<BenchStage> named(String list) {
        if (list.strip().equals("all")) {
            return List.of(values());
        }
        return Arrays.stream(list.split(","))
                .map(name -> Arrays.stream(values())
                        .filter(stage -> stage.text.equals(name.strip()))
                        .findFirst()
                        .orElseThrow(() -> Problem.in(
                                "bench", "stages among " + all(), Shown.of(name.strip()), "correct --stages")))
                .distinct()
                .toList();
    }

    /** All names, separated by commas. */
    public static String all() {
        return Arrays.stream(values()).map(BenchStage::text).collect(Collectors.joining(","));
    }
}
