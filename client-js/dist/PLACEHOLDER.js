console.error("<nextup-chat>: this gateway was built without the widget; run make build and start it again");
