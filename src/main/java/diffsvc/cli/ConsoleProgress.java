package diffsvc.cli;

import diffsvc.progress.Progress;
import java.io.Console;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * The progress of a command: one bar for each stage, as wide as the terminal, with the time that is left. A stage that
 * has ended and a note are lines on standard output above the bar, which is drawn on standard error. Where standard
 * error is no terminal, a line replaces the bar from time to time, so that a log stays readable.
 *
 * <p>Calls may come from several threads.
 */
final class ConsoleProgress implements Progress, AutoCloseable {
    private static final int REDRAW_MS = 200;
    private static final long SHORTEST_PAUSE_NS = 10_000_000_000L, LONGEST_PAUSE_NS = 300_000_000_000L;
    private final PrintStream out, bars;
    private final boolean terminal;
    /** Held while the terminal's line is written: by the bar's own thread too, for which {@code close} waits. */
    private final Object screen = new Object();

    private String stage = "", message = "";
    private ProgressBar bar;
    private long first, began, printedAt, printedPercent;

    ConsoleProgress() {
        this(System.out, System.err, isTerminal());
    }

    /** Prints lines to {@code out}; draws the bar on {@code bars} if that is a terminal. */
    ConsoleProgress(PrintStream out, PrintStream bars, boolean terminal) {
        this.out = out;
        this.bars = bars;
        this.terminal = terminal;
    }

    @Override
    public synchronized void at(String name, long done, long of) {
        if (!name.equals(stage)) {
            close();
            stage = name;
            message = "";
            first = done;
            began = System.nanoTime();
            printedAt = 0;
        }
        if (done <= 0) {
            return; // a stage that has just begun gives no estimate
        }
        if (terminal) {
            draw(done, of);
        } else {
            print(done, of);
        }
    }

    private void draw(long done, long of) {
        if (bar == null) {
            bar = new ProgressBarBuilder()
                    .setTaskName(stage)
                    .setInitialMax(of)
                    .startsFrom(first, Duration.ZERO)
                    .setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(REDRAW_MS)
                    .setConsumer(new Bars())
                    .build();
        }
        bar.maxHint(of);
        bar.setExtraMessage(message);
        bar.stepTo(done);
    }

    private void print(long done, long of) {
        long now = System.nanoTime(), percent = of <= 0 ? 100 : 100 * done / of;
        boolean due = printedAt == 0
                || now - printedAt >= LONGEST_PAUSE_NS
                || now - printedAt >= SHORTEST_PAUSE_NS && percent > printedPercent;
        if (!due || done >= of) {
            return;
        }
        double seconds = (now - began) / 1e9, left = seconds / Math.max(1, done - first) * (of - done);
        bars.printf(
                Locale.ROOT,
                "%-10s %3d %% (%d of %d), %s%s%s%n",
                stage,
                percent,
                done,
                of,
                clock(seconds),
                printedAt == 0 ? "" : ", about " + clock(left) + " left",
                message);
        printedAt = now;
        printedPercent = percent;
    }

    private static String clock(double seconds) {
        long s = Math.round(seconds);
        return String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    }

    /** Sets what stands behind the bar of the current stage, {@code loss 0.1234}. */
    synchronized void message(String text) {
        message = text.isEmpty() ? "" : "  " + text;
    }

    @Override
    public synchronized void ended(Stage s) {
        close();
        line(
                s.seconds() == 0 && s.shape().isEmpty()
                        ? String.format(Locale.ROOT, "%-10s %s", s.name(), s.what())
                        : String.format(
                                Locale.ROOT, "%-10s %-40s %-16s %7.2f s", s.name(), s.what(), s.shape(), s.seconds()));
    }

    @Override
    public void note(String text) {
        line("note       " + text);
    }

    /** Prints a line; a visible bar moves below it. */
    synchronized void line(String text) {
        synchronized (screen) {
            if (bar != null) {
                bars.print("\r" + " ".repeat(Math.max(0, new Bars().getMaxRenderedLength())) + "\r");
                bars.flush();
            }
            out.println(text);
        }
    }

    /** Ends the bar; the next stage opens its own. */
    @Override
    public synchronized void close() {
        if (bar != null) {
            bar.close();
            bar = null;
            synchronized (screen) {
                bars.println();
            }
        }
        stage = "";
    }

    /** Draws in one line by carriage returns, and never while a line is printed. */
    private final class Bars extends ConsoleProgressBarConsumer {
        Bars() {
            super(bars);
        }

        /** The line ends in {@link ConsoleProgress#close}: the library's own thread may come too late. */
        @Override
        public void close() {}

        @Override
        public void accept(String drawn) {
            synchronized (screen) {
                super.accept(drawn);
            }
        }
    }

    /** Whether the console is a terminal; from Java 22 on there is a console without one. */
    private static boolean isTerminal() {
        Console console = System.console();
        try {
            return console != null
                    && Objects.equals(
                            true, Console.class.getMethod("isTerminal").invoke(console));
        } catch (NoSuchMethodException e) {
            return true;
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }
}
