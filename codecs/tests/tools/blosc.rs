//! Blosc: chunks of python-blosc and numcodecs, files of bloscpack.

use demijohn_codecs::blosc::{Blosc, Inner, Shuffle};
use demijohn_codecs::{Compressor, Options};
use serde_json::{Value, json};

use super::common::{format, sample};
use super::python::Peer;
use super::{LARGE, SIZES, Stream, ours_decodes};

const CODECS: [&str; 5] = ["blosclz", "lz4", "lz4hc", "zlib", "zstd"];
/// None, by bytes, by bits.
const SHUFFLES: [u8; 3] = [0, 1, 2];
const LEVELS: [u8; 4] = [0, 1, 5, 9];

/// Chunks that `request` makes with everything that there is to choose.
fn chunks(peer: &mut Peer, format: &Compressor, request: &Value) {
    for codec in CODECS {
        for shuffle in SHUFFLES {
            // Such as are split into streams, such as are not, and the largest.
            for typesize in [1, 2, 3, 4, 8, 16, 17, 255] {
                for number in LEVELS {
                    let mut request = request.clone();
                    request["cname"] = codec.into();
                    request["shuffle"] = shuffle.into();
                    request["typesize"] = typesize.into();
                    request["clevel"] = number.into();
                    // A number of elements and something over, less than which there is nothing to shuffle.
                    peer.ours_reads(format, &request, &[100, 17_003]);
                    if typesize == 4 && (shuffle == 1 || number == 5) {
                        peer.ours_reads(format, &request, &[0, 1, 300_001]);
                    }
                }
            }
        }
    }
    for (codec, number) in [("blosclz", 9), ("lz4", 5), ("zstd", 1)] {
        let mut request = request.clone();
        request["cname"] = codec.into();
        request["shuffle"] = 1.into();
        request["typesize"] = 8.into();
        request["clevel"] = number.into();
        peer.ours_reads(format, &request, &[LARGE]);
    }
}

#[test]
fn chunks_of_python_blosc() {
    let (Some(format), Some(mut peer)) = (format("blosc"), Peer::with(&["blosc"])) else {
        return;
    };
    let request = json!({"peer": "functions", "module_name": "blosc"});
    chunks(&mut peer, &format, &request);
}

#[test]
fn chunks_of_numcodecs() {
    let (Some(format), Some(mut peer)) = (format("blosc"), Peer::with(&["numcodecs"])) else {
        return;
    };
    let request = json!({"peer": "numcodecs", "id": "blosc"});
    chunks(&mut peer, &format, &request);
    // Sizes of blocks that nothing would choose by itself.
    for blocksize in [128, 1000, 65_536, 10_000_000] {
        let request = json!({"peer": "numcodecs", "id": "blosc", "blocksize": blocksize, "typesize": 4});
        peer.ours_reads(&format, &request, &[1, 70_000, 300_001]);
    }
}

#[test]
fn bloscpack_reads_ours() {
    let modules = ["bloscpack", "blosc", "numcodecs"];
    let (Some(format), Some(mut peer)) = (format("blosc"), Peer::with(&modules)) else {
        return;
    };
    peer.reads_ours(&format, &json!({"peer": "bloscpack"}), true);
    peer.reads_ours(&format, &json!({"peer": "bloscpack", "files": true}), true);
    peer.reads_ours(&format, &json!({"peer": "chunks of bloscpack"}), true);
}

/// All but Snappy, which none of these modules is built with.
#[test]
fn bloscpack_reads_every_choice_of_ours() {
    let (Some(_), Some(mut peer)) = (format("blosc"), Peer::with(&["bloscpack"])) else {
        return;
    };
    let request = json!({"peer": "bloscpack"});
    for &inner in Inner::ALL.iter().filter(|inner| **inner != Inner::Snappy) {
        for &shuffle in Shuffle::ALL {
            let format = Compressor::new(Blosc::new().inner(inner).shuffle(shuffle));
            for (level, size) in [(0, 100_000), (1, 1), (5, 70_001), (5, 3_000_000), (9, 100_000)] {
                for element_size in [1, 3, 8, 17, 255] {
                    let options = Options::new().level(level).element_size(element_size);
                    let what = format!("{inner}, {shuffle}, {size} bytes in {element_size}, level {level}");
                    let stream = Stream::new(&format, options, what, sample(size));
                    stream.was_read("bloscpack", peer.decode(&request, &stream.coded));
                }
            }
        }
    }
    // A long stream of unannounced size, with room to spare in its table of offsets; and one of so many chunks that
    // the room is too small and holds metadata instead.
    let format = Compressor::new(Blosc::new());
    for block_size in [1 << 20, 1024] {
        let options = Options::new().level(0).block_size(block_size);
        let what = format!("chunks of {block_size}");
        let stream = Stream::new(&format, options, what, sample(LARGE));
        stream.was_read("bloscpack", peer.decode(&request, &stream.coded));
    }
}

#[test]
fn files_of_bloscpack() {
    let (Some(format), Some(mut peer)) = (format("blosc"), Peer::with(&["bloscpack"])) else {
        return;
    };
    let mut variants = vec![
        json!({}),
        json!({"files": true}),
        json!({"chunk_size": 10_000}),
        json!({"metadata": {"who": "demijohn", "what": [1, 2, 3]}}),
        json!({"metadata": {"a": "b"}, "meta": {"meta_codec": "None", "max_meta_size": 4096}}),
        json!({"pack": {"offsets": false}}),
        json!({"pack": {"offsets": false}, "metadata": {}, "files": true}),
        json!({"pack": {"max_app_chunks": 0}}),
        json!({"pack": {"max_app_chunks": 1000}, "chunk_size": 65_536}),
    ];
    for checksum in [
        "None", "adler32", "crc32", "md5", "sha1", "sha224", "sha256", "sha384", "sha512",
    ] {
        variants.push(json!({
            "pack": {"checksum": checksum},
            "metadata": {"checksum": checksum},
            "meta": {"meta_checksum": checksum},
        }));
    }
    for codec in CODECS {
        for clevel in LEVELS {
            variants.push(json!({"blosc": {"cname": codec, "clevel": clevel, "typesize": 4}}));
        }
    }
    for mut request in variants {
        request["peer"] = "bloscpack".into();
        // Its slowest codecs at their highest levels are slow indeed.
        let slow = request["blosc"]["clevel"] == 9;
        peer.ours_reads(&format, &request, if slow { &SIZES[..3] } else { &SIZES });
    }
    peer.ours_reads(&format, &json!({"peer": "bloscpack"}), &[LARGE]);
}

#[test]
fn arrays_of_bloscpack() {
    let (Some(format), Some(mut peer)) = (format("blosc"), Peer::with(&["bloscpack", "numpy"])) else {
        return;
    };
    // What is stored are the bytes in the order of memory.
    for (dtype, shape, order, bytes) in [
        (json!("<i8"), json!([600, 50]), "C", 240_000),
        (json!("<f4"), json!([7, 11, 13]), "F", 4_004),
        (json!(">f8"), json!([100_000]), "C", 800_000),
        (json!("|b1"), json!([3]), "C", 3),
        (json!("<i2"), json!([0]), "C", 0),
        (json!([["a", "<i4"], ["b", ">f8"]]), json!([1000]), "C", 12_000),
    ] {
        let plain = sample(bytes);
        let request = json!({"peer": "bloscpack", "dtype": dtype, "shape": shape, "order": order});
        let coded = peer.encode(&request, &plain);
        ours_decodes(&format, &request.to_string(), coded, &plain);
    }
}
