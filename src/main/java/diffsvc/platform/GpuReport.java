package diffsvc.platform;

import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * What this process finds of NVIDIA GPUs, at one moment. A test makes one up; {@link #ofMachine} asks driver and
 * engine.
 *
 * @param driver whether NVIDIA's driver is installed
 * @param engine whether the engine can compute on the GPUs: its libraries are a CUDA build, and they accept the driver
 * @param gpus those that CUDA_VISIBLE_DEVICES leaves visible, in the order of their numbers
 */
public record GpuReport(boolean driver, boolean engine, List<Gpu> gpus) {
    /** Without a driver. */
    public static final GpuReport NONE = new GpuReport(false, false, List.of());

    public GpuReport {
        gpus = List.copyOf(gpus);
    }

    /**
     * One GPU.
     *
     * @param index from 0
     * @param name "NVIDIA H100 80GB HBM3"
     * @param capability compute capability times ten: 75 Turing, 80 Ampere, 90 Hopper
     * @param totalBytes its memory
     * @param free bytes that no process takes now, with the engine's context open
     */
    public record Gpu(int index, String name, int capability, long totalBytes, LongSupplier free) {
        /** Bytes that no process takes now. Memory that the engine keeps for its next arrays counts as taken. */
        public long freeBytes() {
            return free.getAsLong();
        }
    }

    /** What the machine has now. */
    public static GpuReport ofMachine() {
        List<Gpu> gpus;
        try {
            gpus = CudaDriver.gpus();
        } catch (UnsatisfiedLinkError e) {
            return NONE;
        }
        return new GpuReport(
                true, !gpus.isEmpty() && Engine.getInstance().hasCapability(StandardCapabilities.CUDA), gpus);
    }

    /** Whether arrays can be on a GPU. */
    public boolean ready() {
        return engine && !gpus.isEmpty();
    }

    /** Why {@link #ready} is false, "no driver of an NVIDIA GPU"; empty where it is true. */
    public String lack() {
        return ready()
                ? ""
                : !driver
                        ? "no driver of an NVIDIA GPU"
                        : gpus.isEmpty() ? "a driver, but no GPU that it shows" : "an engine for the CPU alone";
    }

    /** What to do about {@link #lack}; empty where there is none. */
    public String remedy() {
        return ready()
                ? ""
                : !driver
                        ? "install NVIDIA's driver; in a container, start it with access to the GPU"
                        : gpus.isEmpty()
                                ? "check nvidia-smi, and whether CUDA_VISIBLE_DEVICES hides it"
                                : "run ./diffsvc setup gpu once";
    }
}
