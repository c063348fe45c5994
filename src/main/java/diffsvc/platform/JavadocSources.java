package diffsvc.platform;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Adds the workbench's sources to those in which JShell searches Javadoc. */
public final class JavadocSources {
    private JavadocSources() {}

    /**
     * Gives JShell's completion the folder of our sources beside the JDK's src.zip, so that Tab and Shift+Tab show
     * Javadoc. JShell has no public way to add one; without {@link Reach#JAVADOC} completion works without Javadoc.
     */
    public static void register() {
        String home = System.getProperty("diffsvc.home");
        if (home == null || !Reach.JAVADOC.works()) {
            return;
        }
        try {
            List<Path> places = new ArrayList<>();
            Path ours = Path.of(home, "src", "main", "java");
            if (Files.isDirectory(ours)) {
                places.add(ours);
            }
            Path jdk = Path.of(System.getProperty("java.home"), "lib", "src.zip");
            if (Files.isReadable(jdk)) {
                try (Stream<Path> modules =
                        Files.list(FileSystems.newFileSystem(jdk).getPath("/"))) {
                    modules.filter(Files::isDirectory).forEach(places::add);
                }
            }
            placesField().set(null, places);
        } catch (ReflectiveOperationException | IOException e) {
            System.err.println("javadoc: the sources cannot be read (" + e.getMessage() + ")");
        }
    }

    static Field placesField() throws ReflectiveOperationException {
        Field places = Class.forName("jdk.jshell.SourceCodeAnalysisImpl").getDeclaredField("availableSourcesOverride");
        places.setAccessible(true);
        return places;
    }
}
