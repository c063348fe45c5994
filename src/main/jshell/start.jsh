import ai.djl.ndarray.*;
import ai.djl.ndarray.types.*;
import diffsvc.audio.*;
import diffsvc.check.*;
import diffsvc.checkpoint.*;
import diffsvc.conds.*;
import diffsvc.conds.crepe.*;
import diffsvc.conds.hubert.*;
import diffsvc.conds.mel.*;
import diffsvc.conds.pitchextractor.*;
import diffsvc.conds.praat.*;
import diffsvc.conds.whisper.*;
import diffsvc.dataset.*;
import diffsvc.diffusion.*;
import diffsvc.diffusion.embedding.*;
import diffsvc.diffusion.wavenet.*;
import diffsvc.evaluate.*;
import diffsvc.export.*;
import diffsvc.files.*;
import diffsvc.hparams.*;
import diffsvc.infer.*;
import diffsvc.inside.*;
import diffsvc.memory.*;
import diffsvc.notebook.*;
import diffsvc.platform.*;
import diffsvc.plot.*;
import diffsvc.progress.*;
import diffsvc.random.*;
import diffsvc.tensor.*;
import diffsvc.training.*;
import diffsvc.vocoder.*;
import diffsvc.voice.*;
import static diffsvc.voice.Steps.step;
import static diffsvc.voice.Steps.steps;
import java.nio.file.*;
import tech.tablesaw.api.*;
import java.util.*;
Workbench opened = null;
Workbench bench() { if (opened == null) opened = Workbench.open("demo"); return opened; }
Voice voice() { return bench().voice(); }
Plots plots() { return bench().plots(); }
void show(Object... things) { Display.show(things); }
void show(Map<String, Wave> waves) { Display.show(waves); }
class workbench { static Explorer explore(Conversion... c) { return Workbench.explore(c); } }
void help() { System.out.print(Help.page()); }
System.out.println("voice() opens the demo voice, help() shows what to try on one screen");
