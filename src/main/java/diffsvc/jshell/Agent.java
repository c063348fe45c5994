package diffsvc.jshell;

import ai.djl.ndarray.NDArray;
import diffsvc.notebook.Display;
import diffsvc.platform.EngineExit;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import jdk.jshell.execution.RemoteExecutionControl;
import jdk.jshell.execution.Util;

/**
 * The process in which JShell runs what was typed, with two differences from JShell's own: a tensor and an array of
 * numbers print as one line with shape, type and range, a record, map or list of tensors as its parts; and Ctrl-C
 * interrupts ({@link Execution}).
 */
public final class Agent extends RemoteExecutionControl {
    private static final String ENGINES_HINT =
            "\nCheck the \"Development Guideline\"->Debug to enable array display.\n";

    /**
     * Serves the JShell that started this process.
     *
     * @param args the port on which that JShell listens
     * @throws Exception when no JShell listens there
     */
    public static void main(String[] args) throws Exception {
        EngineExit.withoutDestructors();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]))) {
            Map<String, Consumer<OutputStream>> outputs = new HashMap<>();
            outputs.put("out", stream -> System.setOut(new PrintStream(stream, true)));
            outputs.put("err", stream -> System.setErr(new PrintStream(stream, true)));
            Map<String, Consumer<InputStream>> inputs = new HashMap<>();
            inputs.put("in", System::setIn);
            Agent agent = new Agent();
            Socket bell = new Socket(InetAddress.getLoopbackAddress(), Integer.getInteger(Execution.BELL));
            Thread listener = new Thread(() -> agent.listen(bell), "Ctrl-C");
            listener.setDaemon(true);
            listener.start();
            Util.forwardExecutionControlAndIO(
                    agent, socket.getInputStream(), socket.getOutputStream(), outputs, inputs);
        }
    }

    /** The thread that runs a snippet, or null between two. */
    private Thread working;

    @Override
    protected String invoke(Method snippet) throws Exception {
        works(Thread.currentThread());
        try {
            Object value = snippet.invoke(null); // what a declaration was given, or what an expression is
            return value instanceof NDArray
                            || value instanceof Record
                            || value instanceof Map
                            || value instanceof Collection
                            || numbers(value)
                    ? Display.text(value)
                    : valueString(value).replace(ENGINES_HINT, "");
        } finally {
            works(null);
        }
    }

    /** A Java array of numbers, or of rows of them. */
    private static boolean numbers(Object value) {
        Class<?> part = value == null ? null : value.getClass().getComponentType();
        return part != null && (part.isPrimitive() || part.isArray());
    }

    /** Clears the interruption, which was meant for the snippet before. */
    private synchronized void works(Thread thread) {
        working = thread;
        Thread.interrupted();
    }

    /** Each byte from the tool is a Ctrl-C. */
    private void listen(Socket bell) {
        try (bell) {
            while (bell.getInputStream().read() >= 0) {
                synchronized (this) {
                    if (working != null) {
                        working.interrupt();
                    }
                }
            }
        } catch (IOException e) {
            // the tool has ended, and this process ends too
        }
    }
}
