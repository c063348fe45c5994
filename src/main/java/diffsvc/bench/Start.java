package diffsvc.bench;

import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.voice.Voice;
import java.nio.file.Files;

/**
 * What a command does before it works on a song: it starts the engine and opens the demo voice, where there is one. It
 * then ends.
 */
public final class Start {
    private static final String DEMO = "demo";

    private Start() {}

    /**
     * Starts and ends.
     *
     * @param args the device
     */
    public static void main(String[] args) {
        ComputeDevice device = ComputeDevice.named(args[0]);
        device.newManager().close();
        if (Files.isDirectory(ProjectPaths.find().models().resolve(DEMO))) {
            Voice.open(DEMO, h -> h, device).close();
        }
    }
}
