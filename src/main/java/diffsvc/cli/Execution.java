package diffsvc.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import jdk.jshell.execution.JdiExecutionControlProvider;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;

/**
 * {@code jshell --execution workbench}: JShell's own way to run what was typed, in a process of its own, with {@link Agent} there. Since JDK 22 the tool offers that process a console,
 * and then takes no agent but its own; so the offer is not passed on.
 */
public final class Execution implements ExecutionControlProvider {
    private final JdiExecutionControlProvider jdi = new JdiExecutionControlProvider();

    /** Found by JShell on the class path. */
    public Execution() {}

    @Override public String name() {
        return "workbench";
    }

    @Override public Map<String, String> defaultParameters() {
        Map<String, String> parameters = jdi.defaultParameters();
        parameters.put(JdiExecutionControlProvider.PARAM_REMOTE_AGENT, Agent.class.getName());
        return parameters;
    }

    @Override public ExecutionControl generate(ExecutionEnv env, Map<String, String> parameters) throws Throwable {
        Map<String, String> all = defaultParameters();
        if (parameters != null) {
            all.putAll(parameters);                                                       // JShell gives those that were written behind the name
        }
        return jdi.generate(new WithoutConsole(env), all);
    }

    /** What JShell gave, but for what newer ones added. */
    private record WithoutConsole(ExecutionEnv given) implements ExecutionEnv {
        @Override public InputStream userIn() {
            return given.userIn();
        }

        @Override public PrintStream userOut() {
            return given.userOut();
        }

        @Override public PrintStream userErr() {
            return given.userErr();
        }

        @Override public List<String> extraRemoteVMOptions() {
            return given.extraRemoteVMOptions();
        }

        @Override public void closeDown() {
            given.closeDown();
        }
    }
}
