//! One field of an array of structs.

use std::fmt;

use super::Array;
use crate::dtype::Brief;
use crate::pyliteral::Short;
use crate::strides::Offsets;
use crate::{DType, Error, Field, Kind, Layout, Order, Result};

/// One field of every element of an array of structs: see [`Array::field`].
#[derive(Clone, Copy)]
pub struct FieldView<'a> {
    array: &'a Array,
    field: &'a Field,
}

impl Array {
    /// The field of this name or title, without copying.
    ///
    /// ```
    /// use demijohn_arrays::{Array, Layout, Order};
    ///
    /// let layout = Layout::new("[('id', '|u1'), ('at', '<f4')]".parse()?, &[2], Order::C)?;
    /// let points = Array::from_bytes(layout, &[7, 0, 0, 0x80, 0x3f, 8, 0, 0, 0, 0x40])?;
    /// assert_eq!(points.field("id")?.get(1), Some(&[8][..]));
    /// # #[cfg(target_endian = "little")]
    /// assert_eq!(points.field("at")?.to_array()?.as_slice::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), demijohn_arrays::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if elements are no structs or have no such field.
    pub fn field(&self, name: &str) -> Result<FieldView<'_>> {
        let Some(s) = self.dtype().as_struct() else {
            let dtype = Brief(self.dtype());
            return Err(Error::parameter(format!(
                "the array holds {dtype}, which has no fields"
            )));
        };
        match s.field(name) {
            Some(field) => Ok(FieldView { array: self, field }),
            None => {
                let names: Vec<&str> = s.fields().iter().map(Field::name).collect();
                Err(Error::parameter(format!(
                    "there is no field {name:?} among {}",
                    Short(&names)
                )))
            }
        }
    }
}

impl<'a> FieldView<'a> {
    /// The type of the field; it may be a sub-array.
    #[must_use]
    pub fn dtype(&self) -> &'a DType {
        self.field.dtype()
    }

    /// Number of elements of the array.
    #[must_use]
    pub fn len(&self) -> usize {
        self.array.len()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.array.is_empty()
    }

    /// The field's bytes in one element, counted in memory order.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        (index < self.len()).then(|| self.at(index * self.array.dtype().itemsize()))
    }

    /// The field's bytes in each element, in memory order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let view = *self;
        (0..self.len()).map(move |index| view.at(index * view.array.dtype().itemsize()))
    }

    /// The field's bytes in the element that begins there.
    fn at(self, element: usize) -> &'a [u8] {
        let start = element + self.field.offset();
        &self.array.as_bytes()[start..start + self.dtype().itemsize()]
    }

    /// A copy of the field as an array of its own. The axes of a sub-array come behind the array's, as in numpy, and then
    /// the order is C.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) if there are too many axes, [`Limit`](crate::ErrorKind::Limit) if there is
    /// no memory.
    pub fn to_array(&self) -> Result<Array> {
        let (mut dtype, mut shape) = (self.dtype(), self.array.shape().to_vec());
        while let Kind::SubArray(s) = dtype.kind() {
            shape.extend(s.shape());
            dtype = s.base();
        }
        let order = if self.dtype() == dtype {
            self.array.order()
        } else {
            Order::C
        };
        let mut copy = Array::zeros(Layout::new(dtype.clone(), &shape, order)?)?;
        let size = self.dtype().itemsize();
        if size > 0 {
            let parts = copy.as_mut_bytes()?.chunks_exact_mut(size);
            if order == self.array.order() {
                parts
                    .zip(self.iter())
                    .for_each(|(part, bytes)| part.copy_from_slice(bytes));
            } else {
                let offsets = Offsets::new(self.array.layout(), order);
                parts
                    .zip(offsets)
                    .for_each(|(part, at)| part.copy_from_slice(self.at(at)));
            }
        }
        Ok(copy)
    }
}

impl fmt::Debug for FieldView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldView({:?} of {:?})", self.field, self.array)
    }
}
