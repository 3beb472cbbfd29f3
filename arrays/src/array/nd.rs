//! Views as `ndarray`'s, and arrays out of its.

use ndarray::{ArrayBase, ArrayView, ArrayViewMut, Data, Dimension, IxDyn, ShapeBuilder};

use super::Array;
use crate::layout::Shape;
use crate::{DType, Element, Error, Layout, Order, Result};

impl Array {
    /// The array as an `ndarray` view, without copying.
    ///
    /// ```
    /// use demijohn_arrays::Array;
    /// use demijohn_arrays::ndarray::{Ix2, array};
    ///
    /// let grid = Array::from_ndarray(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(grid.view::<f64, Ix2>()?.row(1).sum(), 7.0);
    /// # Ok::<(), demijohn_arrays::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`as_slice`](Self::as_slice); [`Parameter`](crate::ErrorKind::Parameter) as well if the array has another
    /// number of axes than `D`, or no elements and axes too long for `ndarray`.
    pub fn view<T: Element, D: Dimension>(&self) -> Result<ArrayView<'_, T, D>> {
        self.check_ndim::<D>()?;
        let shape = IxDyn(self.shape()).set_f(self.order() == Order::F);
        let view = ArrayView::from_shape(shape, self.as_slice()?);
        view.and_then(ArrayView::into_dimensionality)
            .map_err(|e| self.no_view(&e))
    }

    /// The array as an `ndarray` view for writing, without copying.
    ///
    /// # Errors
    /// As for [`view`](Self::view) and [`as_mut_bytes`](Self::as_mut_bytes).
    pub fn view_mut<T: Element, D: Dimension>(&mut self) -> Result<ArrayViewMut<'_, T, D>> {
        self.check_ndim::<D>()?;
        let shape = IxDyn(self.shape()).set_f(self.order() == Order::F);
        // Not in one expression with `self`: the view borrows it.
        let layout = self.layout.clone();
        let view = ArrayViewMut::from_shape(shape, self.as_mut_slice()?);
        let view = view.and_then(ArrayViewMut::into_dimensionality);
        view.map_err(|e| Error::parameter(format!("{layout} cannot be viewed: {e}")))
    }

    /// A copy of an `ndarray` array. Those in C or Fortran order keep it, all others become C order.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for more axes than numpy has, or too many elements (broadcast ones);
    /// [`Limit`](crate::ErrorKind::Limit) if there is no memory.
    pub fn from_ndarray<T, S, D>(array: &ArrayBase<S, D>) -> Result<Self>
    where
        T: Element,
        S: Data<Elem = T>,
        D: Dimension,
    {
        if let Some(elements) = array.as_slice() {
            return Self::from_slice_in(Order::C, elements, array.shape());
        }
        if let Some(elements) = array.t().as_slice() {
            return Self::from_slice_in(Order::F, elements, array.shape());
        }
        let mut copy = Self::zeros(Layout::new(DType::of::<T>(), array.shape(), Order::C)?)?;
        for (to, from) in copy.as_mut_slice()?.iter_mut().zip(array) {
            *to = *from;
        }
        Ok(copy)
    }

    fn check_ndim<D: Dimension>(&self) -> Result<()> {
        match D::NDIM {
            Some(ndim) if ndim != self.ndim() => {
                let (axes, shape) = (self.ndim(), Shape(self.shape()));
                Err(Error::parameter(format!(
                    "the array has {axes} axes, {shape}, not {ndim}"
                )))
            }
            _ => Ok(()),
        }
    }

    fn no_view(&self, why: &ndarray::ShapeError) -> Error {
        Error::parameter(format!("{} cannot be viewed: {why}", self.layout))
    }
}

impl<T, S, D> TryFrom<&ArrayBase<S, D>> for Array
where
    T: Element,
    S: Data<Elem = T>,
    D: Dimension,
{
    type Error = Error;

    fn try_from(array: &ArrayBase<S, D>) -> Result<Self> {
        Self::from_ndarray(array)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, Ix1, Ix2, Ix3, arr0, s};

    use super::*;
    use crate::{Complex, ErrorKind, f16};

    fn cube() -> Array3<i32> {
        Array3::from_shape_fn((2, 3, 4), |(i, j, k)| {
            i32::try_from(i * 100 + j * 10 + k).unwrap()
        })
    }

    #[test]
    fn arrays_come_back_as_they_were_whatever_their_layout() {
        let cube = cube();
        let fortran = {
            let mut f = Array3::zeros((2, 3, 4).f());
            f.assign(&cube);
            f
        };
        for (array, order) in [
            (cube.view(), Order::C),
            (fortran.view(), Order::F),
            (cube.view().reversed_axes(), Order::F),
            (cube.slice(s![..;-1, 1.., ..;2]), Order::C),
            (cube.view().permuted_axes([1, 0, 2]), Order::C),
        ] {
            let ours = Array::from_ndarray(&array).unwrap();
            assert_eq!((ours.shape(), ours.order()), (array.shape(), order));
            assert_eq!(ours.view::<i32, Ix3>().unwrap(), array);
            assert_eq!(ours.view::<i32, IxDyn>().unwrap(), array.into_dyn());
        }
        let single = Array::try_from(&arr0(5_u8)).unwrap();
        assert_eq!(single.view::<u8, ndarray::Ix0>().unwrap().into_scalar(), &5);
        let row = ndarray::arr1(&[1_u8, 2]);
        let wide = row.broadcast((3, 2)).unwrap();
        assert_eq!(Array::from_ndarray(&wide).unwrap().as_bytes(), [1, 2, 1, 2, 1, 2]);
    }

    #[test]
    fn views_are_the_arrays_own_memory() {
        let mut array = Array::from_ndarray(&cube()).unwrap();
        let view = array.view::<i32, Ix3>().unwrap();
        assert_eq!(view.as_ptr().cast::<u8>(), array.as_bytes().as_ptr());
        array.view_mut::<i32, Ix3>().unwrap()[[1, 2, 3]] = -7;
        assert_eq!(array.as_slice::<i32>().unwrap()[23], -7);
    }

    #[test]
    fn complex_and_half_floats_have_views() {
        let z = Array2::from_elem((1, 2), Complex::new(1.5_f64, -2.0));
        let array = Array::from_ndarray(&z).unwrap();
        assert_eq!(array.dtype(), &DType::of::<[f64; 2]>());
        assert_eq!(array.view::<Complex<f64>, Ix2>().unwrap(), z);
        let half = ndarray::arr1(&[f16::from_f32(0.5)]);
        assert_eq!(
            Array::from_ndarray(&half).unwrap().view::<f16, Ix1>().unwrap(),
            half
        );
    }

    #[test]
    fn views_say_what_does_not_fit() {
        let mut array = Array::from_ndarray(&cube()).unwrap();
        for (error, words) in [
            (array.view::<i64, Ix3>().unwrap_err(), ["<i4", "<i8"]),
            (array.view::<i32, Ix2>().unwrap_err(), ["3 axes", "2"]),
            (array.view_mut::<i32, Ix2>().unwrap_err(), ["3 axes", "2"]),
        ] {
            assert_eq!(error.kind(), ErrorKind::Parameter);
            let text = error.to_string().replace('>', "<");
            assert!(words.iter().all(|word| text.contains(word)), "{error}");
        }
        let fine = Array::zeros(Layout::new(DType::of::<u8>(), &[0, 5], Order::F).unwrap()).unwrap();
        assert_eq!(fine.view::<u8, Ix2>().unwrap().dim(), (0, 5));
        // What is left of the widest shape that a layout may have.
        let wide =
            Array::zeros(Layout::new(DType::of::<u8>(), &[0, 1 << 31, 1 << 31], Order::C).unwrap()).unwrap();
        assert_eq!(wide.view::<u8, Ix3>().unwrap().dim(), (0, 1 << 31, 1 << 31));
    }
}
