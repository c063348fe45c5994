package diffsvc.jshell;

import diffsvc.platform.JavadocSources;
import jdk.jshell.tool.JavaShellToolBuilder;

/** JShell with the workbench's sources: Tab shows their Javadoc as it does the JDK's. */
final class Shell {
    private Shell() {}

    /** Arguments as jshell's own. */
    public static void main(String[] args) throws Exception {
        JavadocSources.register();
        System.exit(JavaShellToolBuilder.builder().start(args));
    }
}
