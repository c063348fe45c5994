package diffsvc.platform;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Where the arrays of a voice, an analysis or a training are: the CPU or one GPU. It is chosen once and handed down;
 * each array then follows the manager that owns it.
 *
 * <pre>{@code Voice.open("demo", h -> h, ComputeDevice.named("cuda:0"))}</pre>
 *
 * @param gpu as it was found; null: the CPU
 */
public record ComputeDevice(GpuReport.Gpu gpu) {
    /** The CPU. */
    public static final ComputeDevice CPU = new ComputeDevice(null);

    private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,3}))?");

    /** The first GPU that the engine can use, else the CPU. */
    public static ComputeDevice auto() {
        return named("auto");
    }

    /**
     * The device that {@code --device} names.
     *
     * @param name auto, cpu, cuda (the first GPU) or cuda:N
     * @throws Problem for another name, and for a GPU that is not there or that the engine cannot use
     */
    public static ComputeDevice named(String name) {
        return named(name, name.equals("cpu") ? GpuReport.NONE : GpuReport.ofMachine());
    }

    /**
     * The same on a machine of which a report tells.
     *
     * @param name auto, cpu, cuda or cuda:N
     */
    public static ComputeDevice named(String name, GpuReport report) {
        if (name.equals("cpu")) {
            return CPU;
        }
        if (name.equals("auto")) {
            return report.ready() ? new ComputeDevice(report.gpus().get(0)) : CPU;
        }
        Matcher cuda = CUDA.matcher(name);
        if (!cuda.matches()) {
            throw Problem.in(
                    "options", "--device auto, cpu or cuda:N", "'" + name + "'", "write for instance --device cuda:0");
        }
        if (!report.ready()) {
            throw Problem.in("options", "a GPU for --device " + name, report.lack(), report.remedy());
        }
        int index = cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1));
        if (index >= report.gpus().size()) {
            throw Problem.in(
                    "options",
                    "one of "
                            + report.gpus().stream()
                                    .map(g -> "cuda:" + g.index())
                                    .collect(Collectors.joining(", ")),
                    "--device " + name,
                    "correct it, or check CUDA_VISIBLE_DEVICES");
        }
        return new ComputeDevice(report.gpus().get(index));
    }

    /** Whether it is a GPU. */
    public boolean isGpu() {
        return gpu != null;
    }

    /** The engine's word for it. */
    public Device engine() {
        return isGpu() ? Device.gpu(gpu.index()) : Device.cpu();
    }

    /** A manager below no other; its arrays are on this device. */
    public NDManager newManager() {
        return NDManager.newBaseManager(engine());
    }

    /**
     * Whether conversions may gain by bfloat16, so that a measurement is worth its time: on a processor that multiplies
     * it. A GPU has TF32 for float32's convolutions, and an H200 was slower in bfloat16.
     */
    public boolean mayGainByBfloat16() {
        return !isGpu() && Processor.multipliesBfloat16();
    }

    /**
     * Bytes that arrays may take: what is free on the GPU now, or {@link ProcessMemory#limit}.
     *
     * @return negative where the system does not say
     */
    public long available() {
        return isGpu() ? gpu.freeBytes() : ProcessMemory.limit();
    }

    /** "cpu" or "cuda:0". */
    public String text() {
        return isGpu() ? "cuda:" + gpu.index() : "cpu";
    }

    /** For people: "cpu", or "cuda:0, NVIDIA H100 80GB HBM3". */
    @Override
    public String toString() {
        return isGpu() ? text() + ", " + gpu.name() : text();
    }
}
