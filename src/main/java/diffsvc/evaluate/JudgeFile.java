package diffsvc.evaluate;

import diffsvc.hparams.ProjectPaths;
import java.nio.file.Path;

/**
 * A file that a judge reads.
 *
 * @param file below models/: judges/NAME, fetched by {@code ./diffsvc weights judges}, or frozen/NAME
 * @param sha256 of the whole file, lower case
 * @param licence SPDX name
 * @param origin package and version that holds it
 */
public record JudgeFile(String file, String sha256, long bytes, String licence, String origin) {
    /** Where it lies, whether it is there or not. */
    public Path at(ProjectPaths paths) {
        return paths.models().resolve(file);
    }

    /** Where it comes from when it is not there, the end of a sentence. */
    public String remedy() {
        return file.startsWith("frozen/")
                ? "take it from the repository again"
                : "./diffsvc weights judges" + (file.startsWith("judges/vosk-ko/") ? " --korean" : "") + " fetches it";
    }
}
