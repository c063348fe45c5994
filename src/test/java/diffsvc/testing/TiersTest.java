package diffsvc.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestTag;
import org.junit.platform.engine.UniqueId;
import org.junit.platform.engine.support.descriptor.AbstractTestDescriptor;
import org.junit.platform.launcher.TestIdentifier;

/** The table of tiers, by a clock that the test turns. */
class TiersTest {
    @TempDir
    Path folder;

    private long now;

    private static TestIdentifier test(String name, String... tags) {
        return TestIdentifier.from(
                new AbstractTestDescriptor(UniqueId.forEngine("none").append("test", name), name) {
                    @Override
                    public Type getType() {
                        return Type.TEST;
                    }

                    @Override
                    public Set<TestTag> getTags() {
                        return Stream.of(tags).map(TestTag::create).collect(Collectors.toSet());
                    }
                });
    }

    private static TestIdentifier container() {
        return TestIdentifier.from(
                new AbstractTestDescriptor(UniqueId.forEngine("none").append("class", "c"), "c") {
                    @Override
                    public Type getType() {
                        return TestDescriptor.Type.CONTAINER;
                    }
                });
    }

    private void run(Tiers tiers, TestIdentifier test, int setUp, int seconds) {
        now += setUp * 1_000_000_000L;
        tiers.executionStarted(test);
        now += seconds * 1_000_000_000L;
        tiers.executionFinished(test, TestExecutionResult.successful());
    }

    @Test
    void secondsAndTestsAreSummedByTagAndAcrossTheProcessesOfABuild() {
        Path file = folder.resolve("target/tiers.csv");
        Tiers first = new Tiers(() -> now, file, "monday", new PrintStream(OutputStream.nullOutputStream()));
        first.testPlanExecutionStarted(null);
        first.executionStarted(container());
        run(first, test("a"), 1, 2);
        run(first, test("b", "process"), 0, 10);
        now += 5_000_000_000L; // torn down after the last test
        first.executionFinished(container(), TestExecutionResult.successful());
        first.testPlanExecutionFinished(null);
        String lines = String.format("%-12s %6d %9s%n", "fast", 1, "3.0")
                + String.format("%-12s %6d %9s%n", "process", 1, "15.0");
        assertTrue(first.table().endsWith(lines), first.table());
        Tiers second = new Tiers(() -> now, file, "monday", new PrintStream(OutputStream.nullOutputStream()));
        run(second, test("c", "memory", "long"), 0, 7);
        run(second, test("d"), 0, 1);
        second.testPlanExecutionFinished(null);
        lines = String.format("%-12s %6d %9s%n", "fast", 2, "4.0")
                + String.format("%-12s %6d %9s%n", "process", 1, "15.0")
                + String.format("%-12s %6d %9s%n", "long", 1, "7.0");
        assertTrue(second.table().endsWith(lines), second.table());
        Tiers next = new Tiers(() -> now, file, "tuesday", new PrintStream(OutputStream.nullOutputStream()));
        run(next, test("e"), 0, 2);
        next.testPlanExecutionFinished(null);
        assertTrue(next.table().endsWith(String.format("%-12s %6d %9s%n", "fast", 1, "2.0")), next.table());
    }

    /** A tag that is misspelt would put a test into the fast tier without a word. */
    @Test
    void everyTagInTheSourcesIsATierAndTheLauncherKnowsThemAll() throws Exception {
        Set<String> tiers = new TreeSet<>();
        for (Tiers.Tier tier : Tiers.Tier.values()) {
            tiers.add(tier.text());
        }
        Set<String> used = new TreeSet<>(List.of("fast"));
        try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                Pattern.compile("^\\s*@Tag\\(\"(\\w+)\"\\)", Pattern.MULTILINE)
                        .matcher(Files.readString(file))
                        .results()
                        .forEach(m -> used.add(m.group(1)));
            }
        }
        assertEquals(tiers, used);
        String launcher = Files.readString(Path.of("diffsvc"));
        tiers.forEach(tier -> assertTrue(launcher.contains(tier), "the launcher's test --tier lacks " + tier));
    }
}
