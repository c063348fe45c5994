package diffsvc.evaluate.content;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A program in a process of its own that answers a line of text with a line of text, both UTF-8. */
final class LineProgram implements AutoCloseable {
    private static final int SECONDS_TO_END = 5;

    private final Process process;
    /** Lines that it has written; empty: there will be no more. */
    private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();

    private final Thread complaints;
    private volatile String complaint = "";

    /**
     * Starts it.
     *
     * @param environment beside this process's own
     * @throws IOException when there is no such program
     */
    LineProgram(List<String> command, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        process = builder.start();
        read(process.getInputStream(), line -> lines.add(Optional.of(line)), () -> lines.add(Optional.empty()));
        // read to its end, as a program that nobody reads stops when the pipe is full; the last line tells most
        complaints =
                read(process.getErrorStream(), line -> complaint = line.isBlank() ? complaint : line.strip(), () -> {});
    }

    private static Thread read(InputStream from, Consumer<String> each, Runnable end) {
        Thread reader = new Thread(
                () -> {
                    try (BufferedReader in = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                        for (String line = in.readLine(); line != null; line = in.readLine()) {
                            each.accept(line);
                        }
                    } catch (IOException e) {
                        // it was killed
                    } finally {
                        end.run();
                    }
                },
                "answers");
        reader.setDaemon(true);
        reader.start();
        return reader;
    }

    /**
     * Asks, and waits.
     *
     * @param seconds longest wait
     * @return the next line of the program
     * @throws IOException when none came in time or the program ended; the message is what came instead
     * @throws InterruptedException when this thread was interrupted while it waited
     */
    String answer(String line, double seconds) throws IOException, InterruptedException {
        try {
            process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            // it has ended; what it wrote before, or that it wrote nothing, tells why
        }
        Optional<String> answer = lines.poll((long) (1e3 * seconds), TimeUnit.MILLISECONDS);
        if (answer == null) {
            throw new IOException("none after " + Math.round(seconds) + " s");
        }
        if (answer.isEmpty()) {
            throw new IOException(end());
        }
        return answer.get();
    }

    private String end() throws InterruptedException {
        boolean over = process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS);
        complaints.join(1000L * SECONDS_TO_END);
        return "a program that " + (over ? "ended with code " + process.exitValue() : "closed its output")
                + (complaint.isEmpty() ? "" : " (" + complaint + ")");
    }

    /** Kills it. Where this process is killed instead, the program sees the end of its input. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}
