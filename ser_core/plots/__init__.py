"""Every figure of the project: data in, Plotly figure out.  No figure is built anywhere else."""
