package diffsvc.dataset;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.Recording;
import diffsvc.audio.Resampler;
import diffsvc.audio.Slicer;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.F0Track;
import diffsvc.conds.PitchExtractor;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.platform.ComputeDevice;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/**
 * From one recording to its clips: cuts at silences, then mel, F0 and units of each clip, then its augmented copies
 * (dataset.key_shifts, dataset.sung_share).
 */
final class ClipAnalysis {
    private static final float FULL_SCALE = 1 - 1.5f / 32768, HALF_MAX = 65504;
    /** Windows, their complex transform and its magnitude, as often as the engine and the allocator hold them. */
    private static final double FLOATS_PER_BIN = 4;

    private final Hparams hparams;
    private final ContentEncoder encoder;
    private final PitchExtractor pitchExtractor;
    private final ComputeDevice device;
    private final FrontEnd front;
    private final Slicer slicer;

    /** Borrows content encoder and pitch extractor, which are on the device: the caller closes them. */
    ClipAnalysis(Hparams hparams, ContentEncoder encoder, PitchExtractor pitchExtractor, ComputeDevice device) {
        this.hparams = hparams;
        this.encoder = encoder;
        this.pitchExtractor = pitchExtractor;
        this.device = device;
        front = FrontEnd.of(hparams);
        slicer = new Slicer(hparams.dataset().silenceDb(), hparams.dataset().minPhraseMs(), 300, 20, 500);
    }

    /** Bytes outside the Java heap of the longest clip's spectrum. */
    static double bytes(Hparams hparams) {
        Hparams.Audio a = hparams.audio();
        double frames = hparams.dataset().maxClipSeconds() * a.framesPerSecond();
        return FLOATS_PER_BIN * Float.BYTES * frames * a.fftSize();
    }

    /** A clip with what its report and its shifted copies need: F0 [T] in Hz, 0 where unvoiced, and the signal [N]. */
    private record Analysed(Clip clip, float[] f0Hz, float[] signal) {
        boolean voiced() {
            for (float f : f0Hz) {
                if (f > 0) {
                    return true;
                }
            }
            return false;
        }
    }

    /** A cut of a recording: whole channels, and where it begins in seconds. */
    private record Cut(String recording, double startSeconds, double seconds, Wave wave) {}

    /** What a recording has given so far; {@code skipped} reports come behind those of the clips. */
    private record Found(
            List<Clip> clips, List<ClipReport> reports, List<Boolean> augmented, List<ClipReport> skipped) {
        Found() {
            this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        }

        long own() {
            return augmented.stream().filter(a -> !a).count();
        }
    }

    /**
     * The clips of a recording, in their order, and a report for each stretch that gave none.
     *
     * @param name of the recording
     * @param random decides whether it is augmented with song, and on which notes
     */
    Shard of(String name, Recording recording, SplittableRandom random) {
        Wave wave = recording.whole();
        Recording sound = Recording.of(wave);
        int rate = wave.sampleRateHz(), most = (int) (hparams.dataset().maxClipSeconds() * rate);
        boolean withSong = random.nextDouble() < hparams.dataset().sungShare();
        long drawn = random.nextLong();
        OptionalLong song = withSong ? OptionalLong.of(drawn) : OptionalLong.empty();
        Found found = new Found();
        for (Slicer.Slice slice : slicer.slice(sound)) {
            if (slice.silent()) {
                found.skipped()
                        .add(ClipReport.skipped(
                                name, slice.start() / (double) rate, slice.samples() / (double) rate, "silence"));
                continue;
            }
            for (Slicer.Slice part : slicer.bound(sound, slice, most)) {
                add(
                        new Cut(
                                name,
                                part.start() / (double) rate,
                                part.samples() / (double) rate,
                                wave.samples(part.start(), part.end())),
                        song,
                        found);
            }
        }
        found.reports().addAll(found.skipped());
        return new Shard(found.clips(), found.reports(), found.augmented(), recording.notes());
    }

    /** Adds a cut and its augmented copies, or the reason why it gives no clip. */
    private void add(Cut cut, OptionalLong song, Found found) {
        String why = unfit(cut), clip = cut.recording() + "#" + found.own();
        Analysed own = why == null ? analyse(clip, cut.recording(), cut.wave()) : null;
        if (own == null || !own.voiced()) {
            found.skipped().add(skipped(cut, why == null ? "no voiced frame" : why));
            return;
        }
        List<Analysed> all = new ArrayList<>(List.of(own));
        shifted(own, cut, all, found.skipped());
        if (song.isPresent()) {
            try (NDManager manager = device.newManager()) {
                Wave sung = new SungSpeech(hparams)
                        .sing(
                                manager,
                                cut.wave(),
                                song.getAsLong(),
                                found.reports().size())
                        .wave();
                all.add(analyse(clip + " sung", cut.recording(), sung));
            }
        }
        for (Analysed a : all) {
            found.clips().add(a.clip());
            found.augmented().add(a != own);
            found.reports().add(report(a, cut, a == own));
        }
    }

    /** Why a cut gives no clip before it is analysed; null where it may. */
    private String unfit(Cut cut) {
        double least = hparams.dataset().minClipSeconds();
        return cut.seconds() < least
                ? "shorter than " + least + " s"
                : cut.wave().isSilent() ? "silence" : null;
    }

    private static ClipReport skipped(Cut cut, String why) {
        return ClipReport.skipped(cut.recording(), cut.startSeconds(), cut.seconds(), why);
    }

    private Analysed analyse(String clip, String recording, Wave wave) {
        Hparams.Audio audio = hparams.audio();
        float[] signal = front.signal(wave);
        try (NDManager manager = device.newManager()) {
            float[] mel = numbers(clip, "mel", front.of(manager, signal).toFloatArray());
            int frames = mel.length / audio.melBins();
            F0Track track = pitchExtractor.f0(Wave.mono(signal, audio.sampleRateHz()), audio.hopSamples(), frames, 0);
            float[] f0 = new float[frames];
            for (int t = 0; t < frames; t++) {
                f0[t] = track.voiced()[t] ? track.f0Hz()[t] : 0;
            }
            numbers(clip, "F0", f0);
            List<TorchTensor> units = new ArrayList<>();
            for (double speed : hparams.dataset().unitSpeeds()) {
                units.add(units(manager, clip, wave, speed));
            }
            return new Analysed(
                    new Clip(
                            clip,
                            recording,
                            TorchTensor.half(mel, frames, audio.melBins()),
                            units,
                            TorchTensor.of(f0, frames)),
                    f0,
                    signal);
        }
    }

    /** Units [P, H] of a wave at another speed, which moves pitch and formants too. */
    private TorchTensor units(NDManager manager, String clip, Wave wave, double speed) {
        int width = encoder.width(), rate = encoder.sampleRateHz();
        float[] x = Resampler.resampleIfNeeded(wave.mean(), wave.sampleRateHz(), rate);
        if (speed != 1) {
            x = Resampler.resample(x, (int) Math.round(rate * speed), rate);
        }
        float[] units = numbers(
                clip,
                "units",
                encoder.units(manager, Wave.mono(x, rate), Precision.FLOAT32).toFloatArray());
        return TorchTensor.half(units, units.length / width, width);
    }

    /** A shard holds finite numbers that float16 can hold; any other would spoil each batch that it gets into. */
    private static float[] numbers(String clip, String what, float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!(Math.abs(values[i]) <= HALF_MAX)) {
                throw Problem.in(
                        Preprocessing.STAGE,
                        "finite numbers in the " + what + " of " + clip,
                        values[i] + " at value " + i + " of " + values.length,
                        "check the recording, and the encoder's weights with ./diffsvc inspect");
            }
        }
        return values;
    }

    /** Adds the clip in the keys of dataset.key_shifts; a key in which F0 would leave its range is skipped. */
    private void shifted(Analysed own, Cut cut, List<Analysed> clips, List<ClipReport> skipped) {
        for (double semitones : hparams.dataset().keyShifts()) {
            Analysed shifted = shifted(own, semitones);
            if (shifted == null) {
                skipped.add(skipped(
                        cut,
                        "key shift " + semitones + ": F0 would leave "
                                + hparams.pitch().f0MinHz() + " to "
                                + hparams.pitch().f0MaxHz() + " Hz"));
            } else {
                clips.add(shifted);
            }
        }
    }

    /** The clip in another key: mel and F0 move together, the units stay; null where F0 would leave its range. */
    private Analysed shifted(Analysed own, double semitones) {
        float factor = (float) Math.pow(2, semitones / 12);
        float[] f0 = own.f0Hz().clone();
        for (int t = 0; t < f0.length; t++) {
            f0[t] *= factor;
            if (f0[t] > 0
                    && (f0[t] > hparams.pitch().f0MaxHz()
                            || f0[t] < hparams.pitch().f0MinHz())) {
                return null;
            }
        }
        try (NDManager manager = device.newManager()) {
            Clip c = own.clip();
            float[] mel = numbers(
                    c.name(),
                    "mel",
                    front.shifted(manager, own.signal(), semitones).toFloatArray());
            String key = BigDecimal.valueOf(semitones).stripTrailingZeros().toPlainString();
            Clip clip = new Clip(
                    c.name() + " key " + (semitones > 0 ? "+" : "") + key,
                    c.recording(),
                    TorchTensor.half(mel, f0.length, hparams.audio().melBins()),
                    c.units(),
                    TorchTensor.of(f0, f0.length));
            return new Analysed(clip, f0, own.signal());
        }
    }

    /** Peak and clipped samples are those of the recording; an augmented clip has a peak alone. */
    private ClipReport report(Analysed a, Cut cut, boolean own) {
        Hparams.Audio audio = hparams.audio();
        float[] voiced = Statistics.voicedHz(List.of(a.f0Hz()));
        long clipped = 0;
        if (own) {
            for (float[] channel : cut.wave().channels()) {
                for (float v : channel) {
                    clipped += Math.abs(v) >= FULL_SCALE ? 1 : 0;
                }
            }
        }
        int frames = a.f0Hz().length;
        return new ClipReport(
                cut.recording(),
                a.clip().name(),
                "",
                cut.startSeconds(),
                audio.seconds(frames),
                voiced.length / (double) frames,
                Statistics.percentile(voiced, 0.05),
                Statistics.percentile(voiced, 0.5),
                Statistics.percentile(voiced, 0.95),
                own
                        ? cut.wave().peak()
                        : Wave.mono(a.signal(), audio.sampleRateHz()).peak(),
                clipped,
                "",
                "");
    }
}
