package diffsvc.jshell;

import diffsvc.platform.JavadocSources;
import java.util.logging.Level;
import java.util.logging.Logger;
import jdk.jshell.tool.JavaShellToolBuilder;

/** JShell with the workbench's sources: Tab shows their Javadoc as it does the JDK's. */
final class Shell {
    /** Held here: a logger that nobody refers to loses its level. */
    private static final Logger PREFERENCES = Logger.getLogger("java.util.prefs");

    private Shell() {}

    /** Arguments as jshell's own. */
    public static void main(String[] args) throws Exception {
        PREFERENCES.setLevel(Level.WARNING); // else the first start prints "Created user preferences directory"
        JavadocSources.register();
        System.exit(JavaShellToolBuilder.builder().start(args));
    }
}
