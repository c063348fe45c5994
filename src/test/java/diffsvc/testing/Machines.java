package diffsvc.testing;

import diffsvc.platform.GpuReport;
import diffsvc.platform.GpuReport.Gpu;
import java.util.List;

/** Machines with and without GPUs, made up. */
public enum Machines {
    /** No driver. */
    NONE(GpuReport.NONE),
    /** A driver whose GPUs are hidden. */
    HIDDEN(new GpuReport(true, false, List.of())),
    /** A GPU, and the engine's libraries for the CPU. */
    NOT_SET_UP(new GpuReport(true, false, List.of(hopper()))),
    /** A GPU of 80 GiB. */
    ONE(new GpuReport(true, true, List.of(hopper()))),
    /** Two GPUs; the second has no bfloat16. */
    TWO(new GpuReport(true, true, List.of(hopper(), new Gpu(1, "Turing of 16 GiB", 75, 16L << 30, () -> 15L << 30))));

    private final GpuReport report;

    Machines(GpuReport report) {
        this.report = report;
    }

    /** What such a machine reports. */
    public GpuReport report() {
        return report;
    }

    private static Gpu hopper() {
        return new Gpu(0, "Hopper of 80 GiB", 90, 80L << 30, () -> 79L << 30);
    }
}
