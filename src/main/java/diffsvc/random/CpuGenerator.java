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
        return manager.getDevice().equals(Device.cpu()) ? manager.randomNormal(shape) : moved(manager, shape, true);
    }

    static NDArray uniform(NDManager manager, Shape shape) {
        return manager.getDevice().equals(Device.cpu())
                ? manager.randomUniform(0, 1, shape)
                : moved(manager, shape, false);
    }

    /** Draws on the CPU and moves the numbers to the manager's device. */
    static NDArray moved(NDManager manager, Shape shape, boolean normal) {
        try (NDManager cpu = manager.newSubManager(Device.cpu())) {
            NDArray drawn = normal ? normal(cpu, shape) : uniform(cpu, shape);
            NDArray moved = drawn.toDevice(manager.getDevice(), false);
            moved.attach(manager);
            return moved;
        }
    }
}
