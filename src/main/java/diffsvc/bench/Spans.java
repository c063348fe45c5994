package diffsvc.bench;

import diffsvc.platform.PartListener;
import diffsvc.plot.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Writes down the stages of one run and the parts of each; or nothing, and then no clock is read. */
final class Spans {
    private final boolean on;
    private final long start = System.nanoTime();
    private final List<Span> stages = new ArrayList<>();

    private Spans(boolean on) {
        this.on = on;
    }

    /** Starts the clock of a run. */
    static Spans on() {
        return new Spans(true);
    }

    /** Runs the stages alone. */
    static Spans off() {
        return new Spans(false);
    }

    /** Runs a stage; {@code work} hands the listener to what has parts. */
    <T> T stage(String name, Function<PartListener, T> work) {
        if (!on) {
            return work.apply(PartListener.NONE);
        }
        List<Span> parts = new ArrayList<>();
        double from = seconds(System.nanoTime());
        T result = work.apply((part, begin, end) -> parts.add(Span.of(part, seconds(begin), seconds(end))));
        stages.add(new Span(name, from, seconds(System.nanoTime()), parts));
        return result;
    }

    /** The run from its start to now. */
    Span whole(String name) {
        return new Span(name, 0, seconds(System.nanoTime()), stages);
    }

    private double seconds(long nanos) {
        return (nanos - start) / 1e9;
    }
}
