package diffsvc.cli;

import diffsvc.platform.ComputeDevice;
import picocli.CommandLine.Option;

/** The option that says where a command's networks are. */
final class DeviceOption {
    @Option(
            names = "--device",
            defaultValue = "auto",
            description = "auto, cpu or cuda:0; auto: the first GPU that can be used, else the CPU (default"
                    + " ${DEFAULT-VALUE})")
    String name;

    /** The device, found now. */
    ComputeDevice chosen() {
        return ComputeDevice.named(name);
    }
}
