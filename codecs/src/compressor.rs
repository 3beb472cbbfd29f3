//! [`Compressor`], a handle on a format, and [`Compression`], a user's choice of one.

use std::fmt;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::Arc;

use crate::adapters::Blocked;
use crate::error::{Error, Result};
use crate::format::{Decode, DecodeOptions, Encode, EncodeOptions, Format, Head, Probe};
use crate::limits::Limits;
use crate::options::Options;
use crate::registry::Registry;
use crate::seek::Survey;
use crate::spec::Spec;

/// A handle on a format: cheap to clone, the same for built-in formats and for those of other crates.
///
/// ```
/// use demijohn_codecs::Compressor;
/// # #[cfg(feature = "gzip")] {
/// let gzip = Compressor::by_name("gzip")?;
/// let packed = gzip.compress(b"so much text")?;
/// assert_eq!(Compressor::detect(&packed).unwrap().name(), "gzip");
/// assert_eq!(gzip.decompress(&packed)?, b"so much text");
/// # }
/// # Ok::<(), demijohn_codecs::Error>(())
/// ```
#[derive(Clone)]
pub struct Compressor(Arc<dyn Format>);

impl Compressor {
    /// A handle on a format that need not be registered.
    pub fn new(format: impl Format) -> Self {
        Compressor(Arc::new(format))
    }

    /// The format of that name in the process-wide [`Registry`].
    ///
    /// # Errors
    /// `Parameter` for a name nobody has registered; the message lists those that are known.
    pub fn by_name(name: &str) -> Result<Self> {
        Registry::global().by_name(name)
    }

    /// The format whose extension the file name ends with: the longest match, case-sensitive.
    pub fn by_extension(path: impl AsRef<Path>) -> Option<Self> {
        Registry::global().by_extension(path)
    }

    /// The format in which these bytes begin. At most the first [`Head::LEN`] bytes are looked at, and those
    /// behind skippable frames.
    #[must_use]
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        Registry::global().detect(bytes)
    }

    /// Adds a format to the process-wide [`Registry`].
    ///
    /// # Errors
    /// `Parameter` if its name or one of its extensions is taken.
    pub fn register(format: impl Format) -> Result<Self> {
        Registry::global().register(format)
    }

    /// Puts a format in the place of the one of the same name in the process-wide [`Registry`].
    ///
    /// # Errors
    /// `Parameter` if no format has its name, or another one has one of its extensions.
    pub fn replace(format: impl Format) -> Result<Self> {
        Registry::global().replace(format)
    }

    /// Names, extensions, levels and capabilities.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        self.0.spec()
    }

    /// The name of the format.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.spec().name()
    }

    /// The format itself.
    #[must_use]
    pub fn format(&self) -> &dyn Format {
        &*self.0
    }

    /// Asks the format whether a stream of it begins here.
    #[must_use]
    pub fn probe(&self, head: &Head<'_>) -> Probe {
        self.0.probe(head)
    }

    /// Is the format left out of this build, so that it can be named and recognised only?
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.0.decoder(&DecodeOptions::default()).is_ok()
    }

    /// Encodes a slice at the default level.
    ///
    /// # Errors
    /// What the encoder reports.
    pub fn compress(&self, plain: &[u8]) -> Result<Vec<u8>> {
        let options = Options::new().size(plain.len() as u64);
        let mut writer = options.seekable_writer(Cursor::new(Vec::new()), self.clone())?;
        writer.write_all(plain)?;
        Ok(writer.finish()?.0.into_inner())
    }

    /// Decodes a slice, whole, under the default [`Limits`] and the strict tail policy.
    ///
    /// # Errors
    /// What the decoder reports.
    pub fn decompress(&self, coded: &[u8]) -> Result<Vec<u8>> {
        self.decompress_within(coded, Limits::default())
    }

    /// Decodes a slice, whole, under the caller's limits.
    ///
    /// # Errors
    /// What the decoder reports, and `Limit`.
    pub fn decompress_within(&self, coded: &[u8], limits: Limits) -> Result<Vec<u8>> {
        use std::io::Read as _;
        let mut reader = Options::new().format(self.clone()).limits(limits).exact(coded)?;
        let mut plain = Vec::new();
        reader.read_to_end(&mut plain)?;
        Ok(plain)
    }

    /// The level to use, checked: the one place where levels are validated, before any backend sees them.
    ///
    /// # Errors
    /// `Parameter` for a level outside the range, which the message names, or for a level given to a format
    /// without levels.
    pub fn check_level(&self, level: Option<i32>) -> Result<i32> {
        let spec = self.spec();
        match (level, spec.level_range()) {
            (None, _) => Ok(spec.default_level().unwrap_or(0)),
            (Some(level), Some(range)) if range.contains(&level) => Ok(level),
            (Some(level), Some(range)) => Err(Error::parameter(format!(
                "level {level} is outside {}..={}",
                range.start(),
                range.end()
            ))
            .with_format(spec.name())),
            // Level 0 asks for nothing, so that (name, 0) works everywhere.
            (Some(0), None) => Ok(0),
            (Some(level), None) => Err(Error::parameter(format!(
                "the format has no levels, so not {level} either"
            ))
            .with_format(spec.name())),
        }
    }

    /// Whether a stream can be written behind another one so that both are read as one.
    ///
    /// # Errors
    /// `Unsupported`, with the reason, if not.
    pub fn check_append(&self) -> Result<()> {
        let spec = self.spec();
        if spec.joins_streams() || spec.is_transparent() {
            return Ok(());
        }
        let message = "nothing can be added to a stream: a second one would be no part of its data";
        Err(Error::unsupported(message).with_format(spec.name()))
    }

    pub(crate) fn encoder(
        &self,
        level: Option<i32>,
        adjust: impl FnOnce(&mut EncodeOptions),
    ) -> Result<Box<dyn Encode>> {
        let mut options = EncodeOptions::at_level(self.check_level(level)?);
        adjust(&mut options);
        if options.seekable && !self.spec().writes_seekable() {
            return Err(Error::unsupported("it has no form to seek in").with_format(self.name()));
        }
        let boxed = |blocked| Box::new(blocked) as Box<dyn Encode>;
        let encoder = match options.blocks(&*self.0) {
            Some(_) if options.threads > 1 => Blocked::on_threads(self.0.clone(), &options).map(boxed),
            Some(blocks) if options.seekable => Blocked::new(blocks, &options).map(boxed),
            _ => self.0.encoder(&options),
        };
        encoder.map_err(|e| e.with_format(self.name()))
    }

    pub(crate) fn decoder(&self, options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        self.0.decoder(options).map_err(|e| e.with_format(self.name()))
    }

    pub(crate) fn survey(&self, options: &DecodeOptions) -> Option<Box<dyn Survey>> {
        self.0.survey(options)
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Compressor").field(&self.name()).finish()
    }
}

/// A user's choice of format and level.
///
/// Made from a name (`"xz"`, also `"gz"`: an extension without its dot), a name and a level (`("xz", 6)`), a
/// [`Compressor`], or a compressor and a level. The default, [`Compression::auto`], lets the file name decide.
#[derive(Clone, Debug, Default)]
pub struct Compression {
    choice: Choice,
    level: Option<i32>,
}

#[derive(Clone, Debug, Default)]
enum Choice {
    #[default]
    Auto,
    Name(String),
    Format(Compressor),
}

impl Compression {
    /// The extension of the file name decides; a name without a known extension means plain bytes.
    #[must_use]
    pub fn auto() -> Self {
        Compression::default()
    }

    /// Plain bytes, whatever the file is called.
    #[must_use]
    pub fn none() -> Self {
        Compression::from("none")
    }

    /// Is it left to the file name?
    #[must_use]
    pub fn is_auto(&self) -> bool {
        matches!(self.choice, Choice::Auto)
    }

    /// The same choice at another level.
    #[must_use]
    pub fn at_level(mut self, level: i32) -> Self {
        self.level = Some(level);
        self
    }

    /// The level asked for, if one was.
    #[must_use]
    pub fn level(&self) -> Option<i32> {
        self.level
    }

    /// Finds the format: by name in the registry, or by the extension of `path`.
    ///
    /// # Errors
    /// `Parameter` for an unknown name.
    pub fn resolve(&self, registry: &Registry, path: Option<&Path>) -> Result<Compressor> {
        match &self.choice {
            Choice::Format(compressor) => Ok(compressor.clone()),
            Choice::Name(name) => registry.by_name(name),
            Choice::Auto => match path.and_then(|path| registry.by_extension(path)) {
                Some(compressor) => Ok(compressor),
                None => registry.by_name("none"),
            },
        }
    }
}

impl From<&str> for Compression {
    fn from(name: &str) -> Self {
        Compression {
            choice: Choice::Name(name.to_owned()),
            level: None,
        }
    }
}

impl From<String> for Compression {
    fn from(name: String) -> Self {
        Compression {
            choice: Choice::Name(name),
            level: None,
        }
    }
}

impl From<(&str, i32)> for Compression {
    fn from((name, level): (&str, i32)) -> Self {
        Compression::from(name).at_level(level)
    }
}

impl From<Compressor> for Compression {
    fn from(compressor: Compressor) -> Self {
        Compression {
            choice: Choice::Format(compressor),
            level: None,
        }
    }
}

impl From<&Compressor> for Compression {
    fn from(compressor: &Compressor) -> Self {
        Compression::from(compressor.clone())
    }
}

impl From<(Compressor, i32)> for Compression {
    fn from((compressor, level): (Compressor, i32)) -> Self {
        Compression::from(compressor).at_level(level)
    }
}
