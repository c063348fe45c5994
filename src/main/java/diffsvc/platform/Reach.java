package diffsvc.platform;

import ai.djl.engine.Engine;
import java.lang.reflect.InaccessibleObjectException;
import java.util.List;
import java.util.Set;
import jdk.jshell.execution.JdiExecutionControlProvider;

/**
 * A place where the workbench reaches into the insides of other software, with a self-test and a way to work without
 * it.
 *
 * <p>Each reach is tried once, in a harmless way, before its first use. Where the try fails (another version of DJL, a
 * JDK that closes a package), the workbench works without it and prints one line about it.
 * {@code -Ddiffsvc.plain=true}, or the environment variable {@code DIFFSVC_PLAIN=true}, switches every reach off.
 * {@code ./diffsvc doctor} prints all of them.
 */
public enum Reach {
    /** DJL's private map of what a manager owns: {@link WeakManager}. */
    ARRAYS(
            "arrays",
            "DJL",
            "frees an array when no variable refers to it any more",
            "arrays stay until clear() or close()") {
        @Override
        void attempt() throws Exception {
            WeakArrays.attempt();
        }

        @Override
        String version() {
            return Engine.getDjlVersion();
        }
    },

    /** JShell's copy of the text of each snippet and the name of its class: {@link SnippetCleaner}. */
    CELLS(
            "cells",
            "JShell",
            "drops what a cell only displayed, and the text that JShell keeps of it",
            "the kernel keeps some 70 kB per cell, and results that were only displayed") {
        @Override
        void attempt() throws Exception {
            SnippetCleaner.attempt();
        }
    },

    /** The message field of {@link Throwable}: {@link SnippetCleaner}. */
    MESSAGES(
            "messages",
            "Java",
            "replaces the engine's C++ stack by one line with a remedy",
            "an error of the engine shows its C++ stack") {
        @Override
        void attempt() throws Exception {
            SnippetCleaner.messageField().set(new IllegalStateException("before"), "after");
        }
    },

    /** JShell's list of source folders: {@link JavadocSources}. */
    JAVADOC(
            "javadoc",
            "JShell",
            "shows the workbench's Javadoc at Tab in JShell and at Shift+Tab in a notebook",
            "Tab and Shift+Tab show signatures without Javadoc") {
        @Override
        void attempt() throws Exception {
            JavadocSources.placesField();
        }
    },

    /** The parameters of JShell's own remote agent, which the workbench replaces: {@code jshell.Execution}. */
    AGENT(
            "agent",
            "JShell",
            "prints a tensor as one line, and lets Ctrl-C end a call between two steps",
            "JShell prints tensors as DJL does, and Ctrl-C ends a call wherever it stands") {
        @Override
        void attempt() throws Exception {
            Set<String> parameters =
                    new JdiExecutionControlProvider().defaultParameters().keySet();
            if (!parameters.containsAll(List.of("remoteAgent", "timeout"))) {
                throw new IllegalStateException("its remote control takes " + parameters);
            }
        }
    },

    /** Parts of the kernel that its public interface does not name: {@link KernelParts}. */
    KERNEL(
            "notebook",
            "JJava",
            "drops what a cell only displayed, and answers Shift+Tab",
            "the kernel keeps what cells only displayed, and Shift+Tab answers only inside parentheses") {
        @Override
        void attempt() throws Exception {
            KernelParts.attempt();
        }

        @Override
        String version() {
            return KernelParts.version();
        }
    },

    /** {@code malloc_trim} of glibc: {@link ProcessMemory#release}. */
    ALLOCATOR(
            "allocator",
            "C library",
            "gives free gaps between native blocks back to the system",
            "the process keeps memory that it no longer uses") {
        @Override
        void attempt() {
            ProcessMemory.trim();
        }

        @Override
        String version() {
            return ProcessMemory.libraryVersion();
        }

        @Override
        boolean isOptional() {
            return !System.getProperty("os.name").equals("Linux");
        }
    };

    /** The switch: {@code -Ddiffsvc.plain=true}. */
    public static final String PLAIN = "diffsvc.plain";

    private final String key, into, purpose, without;
    private Finding finding;
    private boolean reported;

    Reach(String key, String into, String purpose, String without) {
        this.key = key;
        this.into = into;
        this.purpose = purpose;
        this.without = without;
    }

    /**
     * What the self-test found.
     *
     * @param reach that was tried
     * @param works whether the workbench uses it
     * @param version of the software that was met, as far as it says
     * @param reason why it is not used; empty where it works
     */
    public record Finding(Reach reach, boolean works, String version, String reason) {}

    /** The short name that {@code doctor} prints. */
    public String key() {
        return key;
    }

    /** What the reach is for. */
    public String purpose() {
        return purpose;
    }

    /** What happens without it. */
    public String without() {
        return without;
    }

    /** Whether every reach is switched off. */
    public static boolean plain() {
        return Boolean.getBoolean(PLAIN) || Boolean.parseBoolean(System.getenv("DIFFSVC_PLAIN"));
    }

    /** The result of the self-test, which runs at the first call. */
    public synchronized Finding finding() {
        if (finding == null) {
            finding = plain() ? new Finding(this, false, into, "switched off (" + PLAIN + ")") : tried();
        }
        return finding;
    }

    private Finding tried() {
        String version = into;
        try {
            version = (into + " " + version()).strip();
            attempt();
            return new Finding(this, true, version, "");
        } catch (Exception | LinkageError e) { // the other software's version decides which
            return new Finding(this, false, version, reason(e));
        }
    }

    /** Whether the reach may be used. Where it fails, the first question prints one line about it. */
    public boolean works() {
        Finding f = finding();
        if (!f.works() && !plain() && !reported && !isOptional()) {
            reported = true;
            System.err.println("platform: " + f.version() + " does not offer what " + key + " needs (" + f.reason()
                    + "); " + without);
        }
        return f.works();
    }

    /** Tries the reach on something of its own. */
    abstract void attempt() throws Exception;

    /** Whether this system is known to lack it, so that there is nothing to report. */
    boolean isOptional() {
        return false;
    }

    /** The version that was met. */
    String version() {
        return Runtime.version().toString();
    }

    private static String reason(Throwable e) {
        String text = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        return e instanceof NoSuchFieldException
                ? "no field " + text
                : e instanceof NoSuchMethodException
                        ? "no method " + text
                        : e instanceof InaccessibleObjectException
                                ? "the package is closed to this process"
                                : e instanceof IllegalStateException
                                        ? text
                                        : e.getClass().getSimpleName() + ": " + text;
    }
}
