package diffsvc.testing;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestTag;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Tests in tiers: sums tests and seconds by tag and prints a table at the end. The memory tier runs in a process of its
 * own after the others, so the sums of one build meet in a file, {@code -Ddiffsvc.tiers=FILE}, under the build's start,
 * {@code -Ddiffsvc.build=TEXT}; each process prints what the build took so far.
 */
public final class Tiers implements TestExecutionListener {
    /** A test with several tags counts in the last of them; one without a tag is fast. */
    enum Tier {
        FAST,
        CONVERSION,
        PROCESS,
        NOTEBOOK,
        BROWSER,
        MEMORY,
        LONG;

        static Tier of(Set<String> tags) {
            Tier found = FAST;
            for (Tier tier : values()) {
                found = tags.contains(tier.text()) ? tier : found;
            }
            return found;
        }

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Tests that ended, and nanoseconds. */
    record Took(long tests, long nanos) {
        static final Took NOTHING = new Took(0, 0);

        Took and(Took other) {
            return new Took(tests + other.tests, nanos + other.nanos);
        }
    }

    private final LongSupplier clock;
    private final Path file;
    private final String build;
    private final PrintStream out;
    private final Map<Tier, Took> sums = new EnumMap<>(Tier.class);
    private Tier current = Tier.FAST;
    private long last;

    /** Made by JUnit, from META-INF/services. */
    public Tiers() {
        this(
                System::nanoTime,
                System.getProperty("diffsvc.tiers") == null ? null : Path.of(System.getProperty("diffsvc.tiers")),
                System.getProperty("diffsvc.build", ""),
                System.out);
    }

    Tiers(LongSupplier clock, Path file, String build, PrintStream out) {
        this.clock = clock;
        this.file = file;
        this.build = build;
        this.out = out;
        last = clock.getAsLong();
    }

    @Override
    public void testPlanExecutionStarted(TestPlan plan) {
        last = clock.getAsLong();
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        if (test.isTest()) {
            passed(tier(test), 0);
        }
    }

    /** What a class sets up counts for its first test, what it tears down for its last. */
    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        passed(test.isTest() ? tier(test) : current, test.isTest() ? 1 : 0);
    }

    private static Tier tier(TestIdentifier test) {
        return Tier.of(test.getTags().stream().map(TestTag::getName).collect(Collectors.toSet()));
    }

    private void passed(Tier tier, int tests) {
        long now = clock.getAsLong();
        sums.merge(tier, new Took(tests, now - last), Took::and);
        last = now;
        current = tier;
    }

    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        try {
            if (file != null) {
                before().forEach((tier, took) -> sums.merge(tier, took, Took::and));
                Files.createDirectories(file.toAbsolutePath().getParent());
                Files.write(
                        file,
                        sums.entrySet().stream()
                                .map(e -> String.join(
                                        ",",
                                        build,
                                        e.getKey().name(),
                                        String.valueOf(e.getValue().tests()),
                                        String.valueOf(e.getValue().nanos())))
                                .toList());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (sums.values().stream().anyMatch(took -> took.tests() > 0)) {
            out.print(table());
        }
    }

    /** The same build's earlier processes. */
    private Map<Tier, Took> before() throws IOException {
        Map<Tier, Took> earlier = new EnumMap<>(Tier.class);
        List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
        for (String line : lines) {
            String[] cells = line.split(",");
            if (cells[0].equals(build)) {
                earlier.put(Tier.valueOf(cells[1]), new Took(Long.parseLong(cells[2]), Long.parseLong(cells[3])));
            }
        }
        return earlier;
    }

    String table() {
        StringBuilder text = new StringBuilder(String.format("%n%-12s %6s %9s%n", "tier", "tests", "seconds"));
        sums.forEach((tier, took) -> {
            if (took.tests() > 0) {
                text.append(
                        String.format(Locale.ROOT, "%-12s %6d %9.1f%n", tier.text(), took.tests(), took.nanos() / 1e9));
            }
        });
        return text.toString();
    }
}
