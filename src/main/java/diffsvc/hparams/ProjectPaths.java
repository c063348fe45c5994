package diffsvc.hparams;

import diffsvc.check.Problem;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * The one place where a relative path becomes absolute: against the project root, the same from notebooks/, JShell and
 * the command line. The root is the system property {@code diffsvc.home} (the launcher sets it), else the nearest
 * folder above the working one that holds both {@code pom.xml} and {@code models}. Files that a person names on the
 * command line are taken from where they stand instead ({@link #here}).
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
        throw Problem.in(
                "paths",
                "the project's folder (pom.xml and models/) at or above the working folder",
                here.toString(),
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
     * A path as a person names it on the command line: a relative one is taken from where they stand, links and
     * {@code ..} are left to the system.
     *
     * @param path absolute or relative
     * @return absolute
     * @throws Problem when it cannot be the name of a file
     */
    public static Path here(String path) {
        try {
            return Path.of(path).toAbsolutePath();
        } catch (InvalidPathException e) {
            throw Problem.in(
                    "paths",
                    "the name of a file",
                    "\"" + path.replaceAll("\\p{Cntrl}", "?") + "\""
                            + (path.indexOf(0) >= 0 ? "" : ", which this locale cannot hold"),
                    path.indexOf(0) >= 0 ? "correct the name" : "set LC_ALL=C.UTF-8");
        }
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
