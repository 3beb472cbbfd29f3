//! Other byte orders, other memory orders, and equality across them.

use std::borrow::Cow;

use super::Array;
use crate::strides::Offsets;
use crate::{Layout, MapMode, Order, Result};

impl Array {
    /// This array in the machine's own byte order, down to the last field: itself if it is already, otherwise a
    /// converted copy.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for structs with fields that overlap;
    /// [`Limit`](crate::ErrorKind::Limit) if there is no memory.
    pub fn to_native(&self) -> Result<Cow<'_, Self>> {
        if self.dtype().is_native() {
            Ok(Cow::Borrowed(self))
        } else {
            self.try_clone()?.into_native().map(Cow::Owned)
        }
    }

    /// Converts the array to the machine's own byte order, in place. If it is mapped, it becomes a copy: files stay as
    /// they are.
    ///
    /// # Errors
    /// As for [`to_native`](Self::to_native).
    pub fn into_native(self) -> Result<Self> {
        if self.dtype().is_native() {
            return Ok(self);
        }
        let mut array = match self.map_mode() {
            Some(MapMode::CopyOnWrite) => self,
            _ => self.into_owned()?,
        };
        let dtype = array.dtype().clone();
        dtype.swap_to_native(array.as_mut_bytes()?)?;
        array.layout = array.layout.with_dtype(dtype.to_native());
        Ok(array)
    }

    /// This array with its elements in the given memory order: itself if they are, otherwise a copy.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) if there is no memory.
    pub fn to_order(&self, order: Order) -> Result<Cow<'_, Self>> {
        if self.order() == order {
            return Ok(Cow::Borrowed(self));
        }
        let layout = Layout::new(self.dtype().clone(), self.shape(), order)?;
        if self.layout.is_both_orders() {
            return Self::from_bytes(layout, self.as_bytes()).map(Cow::Owned);
        }
        let mut copy = Self::zeros(layout)?;
        let size = self.dtype().itemsize();
        if size > 0 {
            let elements = copy.as_mut_bytes()?.chunks_exact_mut(size);
            for (element, at) in elements.zip(Offsets::new(&self.layout, order)) {
                element.copy_from_slice(&self.as_bytes()[at..at + size]);
            }
        }
        Ok(Cow::Owned(copy))
    }

    /// Whether each element has the same bytes, for arrays of equal dtype and shape.
    fn same_elements(&self, other: &Self) -> bool {
        let size = self.dtype().itemsize();
        if self.order() == other.order() || self.layout.is_both_orders() || size == 0 {
            return self.as_bytes() == other.as_bytes();
        }
        self.as_bytes()
            .chunks_exact(size)
            .zip(Offsets::new(&other.layout, self.order()))
            .all(|(element, at)| other.as_bytes()[at..at + size] == *element)
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        self.dtype() == other.dtype() && self.shape() == other.shape() && self.same_elements(other)
    }
}

impl Eq for Array {}
