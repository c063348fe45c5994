package diffsvc.platform;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Where the sources lie, for completion that shows Javadoc. */
public final class JavadocSources {
    private JavadocSources() {}

    /**
     * Tells JShell's completion where the sources lie, beside those of the JDK, so that Shift+Tab shows Javadoc. JShell
     * has no public way to say so; where its inside is closed, completion works without.
     */
    public static void tellCompletion() {
        try {
            String home = System.getProperty("diffsvc.home");
            if (home == null) {
                return;
            }
            List<Path> places = new ArrayList<>();
            Path ours = Path.of(home, "src", "main", "java");
            if (Files.isDirectory(ours)) {
                places.add(ours);
            }
            Field override =
                    Class.forName("jdk.jshell.SourceCodeAnalysisImpl").getDeclaredField("availableSourcesOverride");
            Path jdk = Path.of(System.getProperty("java.home"), "lib", "src.zip");
            if (Files.isReadable(jdk)) {
                try (Stream<Path> modules =
                        Files.list(FileSystems.newFileSystem(jdk).getPath("/"))) {
                    modules.filter(Files::isDirectory).forEach(places::add);
                }
            }
            override.setAccessible(true);
            override.set(null, places);
        } catch (ReflectiveOperationException | IOException | RuntimeException e) {
            // completion goes on without Javadoc
        }
    }
}
