package diffsvc.hparams;

import diffsvc.check.Problem;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The one place where a relative path becomes absolute: against the project root, the same from notebooks/, JShell and the command line.
 * The root is the system property {@code diffsvc.home} (the launcher sets it), else the nearest folder above the working one that holds
 * both {@code pom.xml} and {@code models}.
 *
 * @param root the project's folder, absolute
 */
public record ProjectPaths(Path root) {
    /**
     * Finds the root as described above.
     *
     * @return absolute paths
     */
    public static ProjectPaths find() {
        String home = System.getProperty("diffsvc.home", System.getenv().getOrDefault("DIFFSVC_HOME", ""));
        if (!home.isEmpty()) {
            return new ProjectPaths(Path.of(home).toAbsolutePath().normalize());
        }
        Path here = Path.of("").toAbsolutePath();
        for (Path p = here; p != null; p = p.getParent()) {
            if (Files.exists(p.resolve("pom.xml")) && Files.isDirectory(p.resolve("models"))) {
                return new ProjectPaths(p);
            }
        }
        throw Problem.in("paths", "the project's folder (pom.xml and models/) at or above the working folder", here.toString(),
                "start from inside the project, or set -Ddiffsvc.home=FOLDER");
    }

    /**
     * An absolute path as it is, a relative one under the root.
     *
     * @param path absolute or relative
     * @return absolute
     */
    public Path resolve(String path) {
        return resolve(Path.of(path));
    }

    /**
     * An absolute path as it is, a relative one under the root.
     *
     * @param path absolute or relative
     * @return absolute
     */
    public Path resolve(Path path) {
        return path.isAbsolute() ? path.normalize() : root.resolve(path).normalize();
    }

    /**
     * How a path is shown to a person: relative to the root if it lies below.
     *
     * @param path absolute or relative
     * @return text
     */
    public String shown(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        return absolute.startsWith(root) ? root.relativize(absolute).toString() : absolute.toString();
    }

    /**
     * The voices and frozen models.
     *
     * @return models/
     */
    public Path models() {
        return root.resolve("models");
    }

    /**
     * Datasets, a folder a project.
     *
     * @return data/
     */
    public Path data() {
        return root.resolve("data");
    }

    /**
     * Melodies and units that were heard before.
     *
     * @return cache/
     */
    public Path cache() {
        return root.resolve("cache");
    }

    /**
     * Where converted songs go.
     *
     * @return output/
     */
    public Path output() {
        return root.resolve("output");
    }
}
