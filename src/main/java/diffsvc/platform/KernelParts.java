package diffsvc.platform;

import java.io.IOException;
import java.lang.reflect.Field;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import jdk.jshell.JShell;

/**
 * Parts of the running Java kernel (JJava) that an extension needs and that the artifact for extensions does not name.
 *
 * @param shell in which the kernel evaluates cells
 * @param loader of the classes that JShell makes of them
 */
public record KernelParts(JShell shell, ClassLoader loader) {
    private static final String KERNEL = "org.dflib.jjava.kernel.JavaKernel",
            LOOP = "org.dflib.jjava.jupyter.channels.Loop",
            CHANNEL = "org.dflib.jjava.jupyter.channels.ShellChannel";

    /**
     * Of a running kernel.
     *
     * @param kernel JJava's
     * @throws ReflectiveOperationException for another kernel
     */
    public static KernelParts of(Object kernel) throws ReflectiveOperationException {
        Object evaluator = kernel.getClass().getMethod("getEvaluator").invoke(kernel);
        return new KernelParts((JShell) kernel.getClass().getMethod("getJShell").invoke(kernel), (ClassLoader)
                evaluator.getClass().getMethod("getClassLoader").invoke(evaluator));
    }

    /**
     * The connection to the front end, on which handlers of messages can be set. The kernel keeps it to itself; the
     * threads that read its channels lead to it.
     *
     * @return a JupyterConnection; null until the kernel has opened its channels
     * @throws ReflectiveOperationException for another kernel
     */
    public static Object connection() throws ReflectiveOperationException {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getClass().getName().equals(LOOP)) {
                Object channel =
                        captured(captured(field(thread.getClass(), "loopBody").get(thread), Runnable.class), null);
                if (channel != null) {
                    return field(channel.getClass(), "connection").get(channel);
                }
            }
        }
        return null;
    }

    /** What a lambda holds of a type; where the type is null, of the class of a shell channel. */
    private static Object captured(Object lambda, Class<?> type) throws IllegalAccessException {
        for (Field f : lambda == null ? new Field[0] : lambda.getClass().getDeclaredFields()) {
            f.setAccessible(true);
            Object held = f.get(lambda);
            if (type == null ? held != null && held.getClass().getName().equals(CHANNEL) : type.isInstance(held)) {
                return held;
            }
        }
        return null;
    }

    /** Finds these parts in the running kernel, or else in the one in .venv. */
    static void attempt() throws Exception {
        try (URLClassLoader jar = jar()) {
            Class<?> kernel = Class.forName(KERNEL, false, jar);
            kernel.getMethod("getJShell");
            kernel.getMethod("getEvaluator").getReturnType().getMethod("getClassLoader");
            field(Class.forName(LOOP, false, jar), "loopBody");
            field(Class.forName(CHANNEL, false, jar), "connection");
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("not set up yet; ./diffsvc lab does it");
        }
    }

    static String version() {
        try (URLClassLoader jar = jar();
                var in = jar.getResourceAsStream("META-INF/maven/org.dflib.jjava/jjava-kernel/pom.properties")) {
            Properties all = new Properties();
            if (in != null) {
                all.load(in);
            }
            return all.getProperty("version", "");
        } catch (IOException e) {
            return "";
        }
    }

    private static URLClassLoader jar() throws IOException {
        Path file = Path.of(System.getProperty("diffsvc.home", ""), ".venv/share/jupyter/kernels/diffsvc/jjava.jar");
        return new URLClassLoader(
                Files.exists(file) ? new URL[] {file.toUri().toURL()} : new URL[0], KernelParts.class.getClassLoader());
    }

    private static Field field(Class<?> type, String name) throws NoSuchFieldException {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }
}
