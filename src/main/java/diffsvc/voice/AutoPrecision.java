package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.checkpoint.ScriptFile;
import diffsvc.files.Remembered;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.CpuEngine;
import diffsvc.platform.Processor;
import diffsvc.platform.Script;
import diffsvc.tensor.Rounding;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * What infer.precision=auto is on this machine. A processor without bfloat16 instructions takes float32; on one that
 * has them, a dilated convolution of the denoiser's kind is timed in float32 and in bfloat16, once for a machine, which
 * takes a fifth of a second.
 */
public final class AutoPrecision {
    /**
     * How many times as fast the convolution has to be in bfloat16. Three fifths of an evaluation gain as it does, so
     * that this makes 14 % of an evaluation; below that, conversions would change their output for nothing that anybody
     * notices.
     */
    static final double FASTER = 1.25;

    private static final long CHANNELS = 384, FRAMES = 500;
    private static final int ROUNDS = 6;
    private static final Map<String, Measured> OF_THIS_PROCESS = new ConcurrentHashMap<>();

    /** The convolution of a layer with dilation 4, its frames as rows (channels last). */
    private static final List<String> METHODS = List.of(
            """
            def rows(self, x: Tensor, dtype: int) -> Tensor:
              return torch.contiguous(torch.to(x, dtype), memory_format=2)
            """,
            """
            def forward(self, x: Tensor, weight: Tensor) -> Tensor:
              return torch.conv2d(x, weight, None, [1, 1], [0, 4], [1, 4])
            """);

    private final Remembered kept;
    private final Function<String, Measured> measure;
    /** What was measured or remembered; null before. */
    private volatile Measured known;

    /**
     * The convolution, measured.
     *
     * @param float32Millis best of some runs
     * @param bfloat16Millis best of some runs
     * @param apart what bfloat16 changes, as {@link Rounding#apart} has it
     */
    record Measured(double float32Millis, double bfloat16Millis, double apart) {
        boolean isRight() {
            return Rounding.isNear(apart);
        }

        boolean gains() {
            return isRight() && float32Millis >= FASTER * bfloat16Millis;
        }
    }

    /**
     * What is decided with another measurement.
     *
     * @param measure gets {@link CpuEngine#key}
     */
    AutoPrecision(Remembered kept, Function<String, Measured> measure) {
        this.kept = kept;
        this.measure = measure;
    }

    /**
     * Measures at most once for a machine and a folder; with {@link Remembered#NOTHING} once a process.
     *
     * @param kept where the measurement is remembered
     */
    public static AutoPrecision in(Remembered kept) {
        return new AutoPrecision(kept, key -> OF_THIS_PROCESS.computeIfAbsent(key, any -> probe()));
    }

    /** The precision of a conversion under these settings on a device, with auto decided. */
    public Precision of(Hparams hparams, ComputeDevice device) {
        return of(Precision.named(hparams.infer().precision()), hparams.quirks(), device);
    }

    /** A precision with auto decided. */
    public Precision of(Precision asked, Hparams.Quirks quirks, ComputeDevice device) {
        return asked.decided(quirks, device, () -> measured().gains());
    }

    private Measured measured() {
        if (known == null) {
            String key = CpuEngine.key();
            known = kept.of(Remembered.Kind.MACHINE, key)
                    .map(AutoPrecision::read)
                    .orElseGet(() -> measuredNow(key));
        }
        return known;
    }

    private Measured measuredNow(String key) {
        Measured now = measure.apply(key);
        kept.keep(
                Remembered.Kind.MACHINE,
                key,
                Map.of(
                        "float32_ms", String.valueOf(now.float32Millis),
                        "bfloat16_ms", String.valueOf(now.bfloat16Millis),
                        "apart", String.valueOf(now.apart)));
        return now;
    }

    /** Null for facts that are not of this kind. */
    private static Measured read(Map<String, String> facts) {
        try {
            Measured m = new Measured(
                    Double.parseDouble(facts.get("float32_ms")),
                    Double.parseDouble(facts.get("bfloat16_ms")),
                    Double.parseDouble(facts.get("apart")));
            return m.float32Millis > 0 && m.bfloat16Millis > 0 ? m : null;
        } catch (NumberFormatException | NullPointerException e) {
            return null;
        }
    }

    /** What auto is on a device and why, in one sentence. */
    public String reason(ComputeDevice device) {
        return reason(device, ComputeDevice.CPU.mayGainByBfloat16());
    }

    /**
     * The same for a machine with another processor.
     *
     * @param mayGain {@link ComputeDevice#mayGainByBfloat16} of the processor
     */
    String reason(ComputeDevice device, boolean mayGain) {
        if (device.isGpu()) {
            return "auto is float32 on a GPU; on the CPU, " + reason(ComputeDevice.CPU, mayGain);
        }
        if (!mayGain) {
            String most = Processor.mostIsa();
            return "auto is float32: no bfloat16 instructions"
                    + (most.isEmpty() ? "" : ", with ONEDNN_MAX_CPU_ISA=" + most);
        }
        Measured m = measured();
        if (!m.isRight()) {
            return String.format(
                    Locale.ROOT,
                    "auto is float32: a convolution in bfloat16 differs by %.0f %% from float32",
                    100 * m.apart);
        }
        return String.format(
                Locale.ROOT,
                "auto is %s: a convolution takes %.1f ms in bfloat16, %.1f ms in float32%s",
                m.gains() ? "mixed" : "float32",
                m.bfloat16Millis,
                m.float32Millis,
                m.gains() ? "" : "; below " + FASTER + " times as fast it stays");
    }

    /** Times the convolution in turns, so that other programs slow both down alike; the best run of each counts. */
    private static Measured probe() {
        try (NDManager scratch = ComputeDevice.CPU.newManager();
                Script script = Script.open(scratch, new ScriptFile(Map.of(), List.of(), List.of(), METHODS).bytes())) {
            NDList inputs = new NDList(
                    values(scratch, new Shape(1, CHANNELS, 1, FRAMES)),
                    values(scratch, new Shape(2 * CHANNELS, CHANNELS, 1, 3)));
            NDArray[] wide = in(Precision.FLOAT32, inputs, script, scratch),
                    narrow = in(Precision.BFLOAT16, inputs, script, scratch);
            long wideNanos = Long.MAX_VALUE, narrowNanos = Long.MAX_VALUE;
            for (int i = 0; i < ROUNDS; i++) {
                wideNanos = Math.min(wideNanos, nanos(script, scratch, wide));
                narrowNanos = Math.min(narrowNanos, nanos(script, scratch, narrow));
            }
            NDArray reference = script.run(scratch, "forward", wide),
                    rounded = script.run(scratch, "forward", narrow),
                    result = rows(Precision.FLOAT32, rounded, script, scratch);
            return new Measured(wideNanos / 1e6, narrowNanos / 1e6, Rounding.apart(reference, result));
        }
    }

    private static NDArray[] in(Precision precision, NDList inputs, Script script, NDManager owner) {
        return inputs.stream().map(x -> rows(precision, x, script, owner)).toArray(NDArray[]::new);
    }

    private static NDArray rows(Precision precision, NDArray x, Script script, NDManager owner) {
        return script.run(owner, "rows", List.of(x), precision.elementType());
    }

    private static long nanos(Script script, NDManager owner, NDArray[] inputs) {
        long began = System.nanoTime();
        try (NDArray y = script.run(owner, "forward", inputs)) {
            return System.nanoTime() - began;
        }
    }

    /** Values from -1/2 to 1/2 that look random, made without the engine's generator and faster than one by one. */
    private static NDArray values(NDManager owner, Shape shape) {
        NDArray large = owner.arange(0f, shape.size(), 1f).mul(12.9898f).sin().mul(43758.547f);
        return large.sub(large.floor()).sub(0.5f).reshape(shape);
    }
}
