package diffsvc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The packages stand on floors: a package uses only packages of lower floors, so no circle can form. */
class FloorsTest {
    /** Top floor first; a room is a package under {@code diffsvc} with everything below it. */
    private static final String FLOORS =
            """
            cli
            jshell
            notebook bench
            inside
            evaluate
            infer training export
            dataset
            voice
            memory plot
            diffusion vocoder
            conds
            checkpoint
            hparams
            audio tensor
            files platform progress random
            check
            """;

    private static final Pattern USE = Pattern.compile("\\bdiffsvc\\.([a-z]+)[.;]");
    private static final Path SOURCES = Path.of("src/main/java/diffsvc");

    @Test
    void arrowsBetweenPackagesOnlyGoDown() throws IOException {
        List<List<String>> floors =
                FLOORS.lines().map(line -> List.of(line.split(" "))).toList();
        List<String> rooms = floors.stream().flatMap(List::stream).toList();
        List<String> up = new ArrayList<>();
        Set<String> seen = new TreeSet<>();
        for (Path file : sources()) {
            String room = SOURCES.relativize(file).getName(0).toString();
            if (room.endsWith(".java")) {
                continue; // the root's package-info names every stage
            }
            seen.add(room);
            for (String other : uses(file)) {
                if (!other.equals(room) && floor(floors, other) <= floor(floors, room)) {
                    up.add(SOURCES.relativize(file) + " -> " + other);
                }
            }
        }
        assertEquals(List.of(), up, "arrows that go up or sideways; the floors are\n" + FLOORS);
        assertEquals(new TreeSet<>(rooms), seen, "a package stands on no floor, or a floor lists one that is gone");
    }

    @Test
    void theArchitectureShowsTheseFloors() throws IOException {
        String text = Files.readString(Path.of("ARCHITECTURE.md"));
        assertTrue(text.contains(FLOORS.indent(4)), "ARCHITECTURE.md shows other floors; copy the list");
    }

    private static int floor(List<List<String>> floors, String room) {
        for (int i = 0; i < floors.size(); i++) {
            if (floors.get(i).contains(room)) {
                return i;
            }
        }
        throw new AssertionError(room + " stands on no floor of\n" + FLOORS);
    }

    /** Packages named in code, imported or written out; comments and texts do not count. */
    private static Set<String> uses(Path file) throws IOException {
        String code = Files.readString(file)
                .replaceAll("(?s)/\\*.*?\\*/", "")
                .replaceAll("\"(?:\\\\.|[^\"\\\\\\n])*\"", "\"\"")
                .replaceAll("//[^\\n]*", "");
        Set<String> rooms = new TreeSet<>();
        USE.matcher(code.replaceFirst("package [^;]*;", "")).results().forEach(m -> rooms.add(m.group(1)));
        return rooms;
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.filter(f -> f.toString().endsWith(".java")).sorted().toList();
        }
    }
}
