package diffsvc.hparams;

import diffsvc.check.Problem;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * The one place where a relative path becomes absolute. It is resolved against the root, which is the same for
 * notebooks, JShell and the command line: the system property {@code diffsvc.home} (the launcher sets it), else the
 * environment variable {@code DIFFSVC_HOME}, else the nearest folder at or above the working folder that holds both
 * {@code pom.xml} and {@code models}. Files that a person names on the command line are resolved against the working
 * folder instead ({@link #here}).
 *
 * @param root absolute
 */
public record ProjectPaths(Path root) {
    /**
     * Finds the root as described above.
     *
     * @throws Problem if no folder qualifies
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

    /** Resolves a relative path against the root, and normalizes it. */
    public Path resolve(String path) {
        return resolve(Path.of(path));
    }

    /** Resolves a relative path against the root, and normalizes it. */
    public Path resolve(Path path) {
        return path.isAbsolute() ? path.normalize() : root.resolve(path).normalize();
    }

    /**
     * Resolves a path from the command line against the working folder. Links and {@code ..} are left to the system.
     *
     * @throws Problem if the text cannot be the name of a file
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

    /** Returns the path as messages show it: relative to the root if it lies below the root, else absolute. */
    public String shown(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        return absolute.startsWith(root) ? root.relativize(absolute).toString() : absolute.toString();
    }

    /** Voices and frozen models: models/. */
    public Path models() {
        return root.resolve("models");
    }

    /** Datasets, one folder per project: data/. */
    public Path data() {
        return root.resolve("data");
    }

    /** F0 and units of songs that were analysed before: cache/. */
    public Path cache() {
        return root.resolve("cache");
    }

    /** Converted songs: output/. */
    public Path output() {
        return root.resolve("output");
    }
}
