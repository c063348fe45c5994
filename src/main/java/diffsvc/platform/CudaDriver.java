package diffsvc.platform;

import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.util.ArrayList;
import java.util.List;

/**
 * NVIDIA's driver (libcuda.so.1), asked for names and memory of its GPUs. The engine's own question goes to a library
 * that PyTorch's packages bring under a name with a version, where DJL does not find it.
 */
final class CudaDriver {
    private static final String LIBRARY = "libcuda.so.1";
    private static final int DONE = 0, NAME_BYTES = 256, CAPABILITY_MAJOR = 75, CAPABILITY_MINOR = 76;

    private CudaDriver() {}

    /**
     * The GPUs that the driver shows this process; none where the driver does not start.
     *
     * @throws UnsatisfiedLinkError without a driver
     */
    static List<GpuReport.Gpu> gpus() {
        List<GpuReport.Gpu> gpus = new ArrayList<>();
        IntByReference count = new IntByReference();
        if (call("cuInit", 0) && call("cuDeviceGetCount", count)) {
            for (int i = 0; i < count.getValue(); i++) {
                gpus.add(gpu(i));
            }
        }
        return gpus;
    }

    private static GpuReport.Gpu gpu(int index) {
        IntByReference handle = new IntByReference(), major = new IntByReference(), minor = new IntByReference();
        LongByReference total = new LongByReference();
        byte[] name = new byte[NAME_BYTES];
        call("cuDeviceGet", handle, index);
        int device = handle.getValue();
        call("cuDeviceGetName", name, NAME_BYTES, device);
        call("cuDeviceTotalMem_v2", total, device);
        call("cuDeviceGetAttribute", major, CAPABILITY_MAJOR, device);
        call("cuDeviceGetAttribute", minor, CAPABILITY_MINOR, device);
        return new GpuReport.Gpu(
                index,
                Native.toString(name),
                10 * major.getValue() + minor.getValue(),
                total.getValue(),
                () -> free(device));
    }

    /** Free bytes, with the context that the engine shares: the driver tells them inside a context alone. */
    private static long free(int device) {
        PointerByReference context = new PointerByReference();
        LongByReference free = new LongByReference(), total = new LongByReference();
        if (!call("cuDevicePrimaryCtxRetain", context, device)) {
            return 0; // somebody else has it for himself, or it has no room for a context
        }
        try {
            if (call("cuCtxPushCurrent_v2", (Pointer) context.getValue())) {
                call("cuMemGetInfo_v2", free, total);
                call("cuCtxPopCurrent_v2", new PointerByReference());
            }
            return free.getValue();
        } finally {
            call("cuDevicePrimaryCtxRelease_v2", device);
        }
    }

    private static boolean call(String name, Object... arguments) {
        return Function.getFunction(LIBRARY, name).invokeInt(arguments) == DONE;
    }
}
