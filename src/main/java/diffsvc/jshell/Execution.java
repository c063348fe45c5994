package diffsvc.jshell;

import diffsvc.platform.Reach;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import jdk.jshell.execution.JdiExecutionControlProvider;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;

/**
 * {@code jshell --execution workbench}: runs snippets in a separate process as JShell does, with {@link Agent} in it
 * and two differences. Since JDK 22 the tool offers that process a console and then accepts only its own agent; the
 * offer is not passed on. And Ctrl-C interrupts first, so that a call can end between two steps and keep its result;
 * JShell's own stop, which ends a thread wherever it stands, follows when the interruption did not help. Without
 * {@link Reach#AGENT} everything is JShell's own.
 */
public final class Execution implements ExecutionControlProvider {
    /** System property of the process: the port from which it receives Ctrl-C. */
    static final String BELL = "diffsvc.bell";

    private static final long PATIENCE_MS = 3000;
    private final JdiExecutionControlProvider jdi = new JdiExecutionControlProvider();

    /** Found by JShell on the class path. */
    public Execution() {}

    @Override
    public String name() {
        return "workbench";
    }

    @Override
    public Map<String, String> defaultParameters() {
        Map<String, String> parameters = jdi.defaultParameters();
        if (!Reach.AGENT.works()) {
            return parameters;
        }
        parameters.put(JdiExecutionControlProvider.PARAM_REMOTE_AGENT, Agent.class.getName());
        return parameters;
    }

    @Override
    public ExecutionControl generate(ExecutionEnv env, Map<String, String> parameters) throws Throwable {
        if (!Reach.AGENT.works()) {
            return jdi.generate(env, parameters);
        }
        Map<String, String> all = defaultParameters();
        if (parameters != null) {
            all.putAll(parameters); // those that were written behind the name
        }
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            listener.setSoTimeout(Integer.parseInt(all.get(JdiExecutionControlProvider.PARAM_TIMEOUT)));
            ExecutionControl control = jdi.generate(new Env(env, "-D" + BELL + "=" + listener.getLocalPort()), all);
            try {
                return new Interruptible(control, listener.accept());
            } catch (IOException e) {
                control.close();
                throw e;
            }
        }
    }

    /** JShell's environment without the additions of newer versions, and with one more option. */
    private record Env(ExecutionEnv given, String option) implements ExecutionEnv {
        @Override
        public InputStream userIn() {
            return given.userIn();
        }

        @Override
        public PrintStream userOut() {
            return given.userOut();
        }

        @Override
        public PrintStream userErr() {
            return given.userErr();
        }

        @Override
        public List<String> extraRemoteVMOptions() {
            List<String> options = new ArrayList<>(given.extraRemoteVMOptions());
            options.add(option);
            return options;
        }

        @Override
        public void closeDown() {
            given.closeDown();
        }
    }

    /** JShell's control with a stop that interrupts before it ends the thread. */
    private static final class Interruptible implements ExecutionControl {
        private final ExecutionControl control;
        private final Socket bell;
        private boolean working;

        Interruptible(ExecutionControl control, Socket bell) {
            this.control = control;
            this.bell = bell;
        }

        @Override
        public String invoke(String className, String methodName)
                throws RunException, EngineTerminationException, InternalException {
            works(true);
            try {
                return control.invoke(className, methodName);
            } finally {
                works(false);
            }
        }

        private synchronized void works(boolean now) {
            working = now;
            notifyAll();
        }

        @Override
        public void stop() throws EngineTerminationException, InternalException {
            if (!interrupted()) {
                control.stop();
            }
        }

        /**
         * Interrupts a snippet and waits up to three seconds; false where it still runs, or where none runs and JShell
         * asks for a value.
         */
        private synchronized boolean interrupted() {
            if (!working) {
                return false;
            }
            long end = System.currentTimeMillis() + PATIENCE_MS;
            try {
                bell.getOutputStream().write(1);
                for (long left = PATIENCE_MS; working && left > 0; left = end - System.currentTimeMillis()) {
                    wait(left);
                }
            } catch (IOException e) {
                return false; // the process has ended
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return !working;
        }

        @Override
        public void load(ClassBytecodes[] classes)
                throws ClassInstallException, NotImplementedException, EngineTerminationException {
            control.load(classes);
        }

        @Override
        public void redefine(ClassBytecodes[] classes)
                throws ClassInstallException, NotImplementedException, EngineTerminationException {
            control.redefine(classes);
        }

        @Override
        public String varValue(String className, String name)
                throws RunException, EngineTerminationException, InternalException {
            return control.varValue(className, name);
        }

        @Override
        public void addToClasspath(String path) throws EngineTerminationException, InternalException {
            control.addToClasspath(path);
        }

        @Override
        public Object extensionCommand(String command, Object argument)
                throws RunException, EngineTerminationException, InternalException {
            return control.extensionCommand(command, argument);
        }

        @Override
        public void close() {
            control.close();
            try {
                bell.close();
            } catch (IOException e) {
                // the process ends anyway
            }
        }
    }
}
