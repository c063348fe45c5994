package diffsvc.random;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * Draws from the CPU's generator for arrays on any device: each device has a generator of its own with numbers of its
 * own, and a seed should give the same song on all.
 */
final class CpuGenerator {
    private CpuGenerator() {}

    static NDArray normal(NDManager manager, Shape shape) {
        return drawn(manager, shape, true);
    }

    static NDArray uniform(NDManager manager, Shape shape) {
        return drawn(manager, shape, false);
    }

    private static NDArray drawn(NDManager manager, Shape shape, boolean normal) {
        if (manager.getDevice().equals(Device.cpu())) {
            return normal ? manager.randomNormal(shape) : manager.randomUniform(0, 1, shape);
        }
        try (NDManager cpu = manager.newSubManager(Device.cpu())) {
            NDArray moved = drawn(cpu, shape, normal).toDevice(manager.getDevice(), false);
            moved.attach(manager);
            return moved;
        }
    }
}
